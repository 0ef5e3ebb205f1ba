//! What came out of a measurement that is not named, and the everyday texts that use the same words.

use super::{assert_clean, found};
use crate::Level;

/// The level of what is said, by itself or in a reminder, whichever is higher.
fn level(said: &str) -> Level {
    let text = format!("Sunrise Health: {said} Call 555-555-0100. Reply STOP to opt out");
    found(said).level.max(found(&text).level)
}

#[test]
fn how_somebodys_measurement_came_out_is_a_result_in_both_languages() {
    for said in [
        "Your level is 9.2.",
        "Your level is too high.",
        "Your reading was 180.",
        "Your last reading was 180/95.",
        "Your value is 9.2.",
        "Your score is 14.",
        "Your figure is 9.2.",
        "Your count is low.",
        "Your result is 9.2.",
        "Good news: nothing was found.",
        "Your temp was 101.",
        "Your temperature is normal.",
        "Your ratio is 3.1.",
        "Your ratio came back 3.1.",
        "Your range is 80-120.",
        "Your number came back at 9.2.",
        "You failed the screen.",
        "You passed the screen.",
        "You did not pass the test.",
        "Your results did not change.",
        "We see improvement.",
        "Your reading was 180. Take the elevator to floor 2.",
        "Your number is high.",
        "Your level: 9.2.",
        "Today's reading was 180.",
        "Su nivel: 9.2.",
        "Su número está alto.",
        "Su nivel es 9.2.",
        "Su nivel es alto.",
        "Su nivel está bajo.",
        "Su nivel de hoy es 9.2.",
        "Su nivel salió en 9.2.",
        "Su valor es 9.2.",
        "Su lectura fue 180.",
        "Su cifra es 9.2.",
        "Su puntaje es 14.",
        "Sus cifras están altas.",
        "Su resultado es alto.",
        "Buenas noticias: no se encontró nada.",
        "Su temperatura fue 39.",
        "Su índice es 3.1.",
        "Su rango es 80-120.",
        "Su medida fue 180.",
        "Su número salió en 9.2.",
        "No pasó la prueba.",
        "Su resultado no cambió.",
        "Vemos mejoría.",
    ] {
        for text in [said.to_owned(), format!("Sunrise Health: {said} Call 555-555-0100. Reply STOP to opt out")] {
            assert!(found(&text).phi && found(&text).level >= Level::L3, "{text}: {}", found(&text).level);
        }
    }
}

#[test]
fn a_storey_a_survey_and_a_number_of_a_queue_are_no_results() {
    assert_clean(&[
        "Your level is fine to park on: use level 3 of the garage.",
        "Your parking level is 3.",
        "Su nivel de estacionamiento es el 3.",
        "Your score is 9 on our survey.",
        "Your survey score was 14.",
        "Your value is appreciated.",
        "Your number is 14.",
        "Your number came up in the raffle.",
        "Your temp password is 1234.",
        "The temp in our lobby is 72.",
        "Our range of hours is 9-5.",
        "You passed our door, please call.",
        "Su número es el 14.",
        "Nothing was found in the lost and found.",
    ]);
    assert!(level("Your results are ready at 9:20.") <= Level::L2);
    assert!(level("Your results will be back in 3 days.") <= Level::L2);
}

#[test]
fn who_helps_with_money_is_no_therapist() {
    assert_clean(&[
        "Your financial counselor is expecting you 12/4 at 9.",
        "Our insurance counselor can see you 12/4 at 9.",
        "Your benefits counselor called.",
        "Your admissions counselor called.",
        "Su consejero financiero lo espera el 4/12 a las 9.",
        "Su consejera de seguros la espera el 4/12.",
        "Su consejero de beneficios llamó.",
    ]);
    for said in [
        "Your counselor is expecting you 12/4 at 9.",
        "Su consejera la espera el 4/12.",
        "Your genetic counselor called.",
    ] {
        assert_eq!(level(said), Level::L4, "{said}");
    }
}

#[test]
fn what_any_clinic_sends_is_clean() {
    assert_clean(&[
        "Your mail order shipped.",
        "Su pedido por correo fue enviado.",
        "Your group meets at 6 PM.",
        "Group meets at 6 PM.",
        "Su grupo se reúne a las 6.",
        "Please complete your forms before 12/4. We are at 1 Main St.",
        "Bring your forms to 1 Main St.",
        "Complete sus formularios antes del 4/12. Estamos en 1 Main St.",
        "Bring your medication list.",
        "Please bring a list of your medications.",
        "Traiga su lista de medicamentos.",
    ]);
    for (said, most) in [
        ("Your glasses are ready.", Level::L2),
        ("Your new glasses have arrived.", Level::L2),
        ("Sus anteojos están listos.", Level::L2),
        ("Venga en ayunas.", Level::L2),
        ("Please fast before your visit.", Level::L2),
    ] {
        assert_eq!(level(said), most, "{said}");
    }
}

#[test]
fn what_stands_beside_a_clean_phrase_is_read() {
    for (said, least) in [
        ("Your mail order of rosuvastatin shipped.", Level::L3),
        ("Bring your medication list and your insulin.", Level::L3),
        ("Your medication list shows metformin.", Level::L3),
        ("Your diabetes group meets 12/8.", Level::L3),
        ("Group meets at 7 in the back room, use the side door, first names only.", Level::L3),
        ("Please fast for 8 hours and bring your form.", Level::L2),
        ("We will mail your forms to 1 Main St.", Level::L2),
        ("We mailed your forms to 1 Main St.", Level::L2),
    ] {
        assert!(found(said).phi && level(said) >= least, "{said}: {}", level(said));
    }
}

#[test]
fn a_device_one_wears_and_a_group_without_its_matter_are_general() {
    for (said, is) in [
        ("Your hearing aids are ready.", Level::L2),
        ("Sus audífonos están listos.", Level::L2),
        ("Support group meets 12/8 at 6 PM.", Level::L2),
        ("El grupo de apoyo se reúne el 8/12 a las 6 PM.", Level::L2),
        ("Support group for grief meets 12/8.", Level::L4),
        ("Support group meets 12/8 at 6 PM for grief.", Level::L4),
        ("Your depression support group meets 12/8.", Level::L4),
        ("Your hearing aid fitting is 12/8.", Level::L3),
    ] {
        assert_eq!(level(said), is, "{said}");
    }
}

#[test]
fn who_is_on_parole_or_in_a_shelter_is_not_told_in_the_open() {
    for said in [
        "Your parole visit is Monday.",
        "Your parole officer called.",
        "Your caseworker at the shelter called.",
        "Su visita de libertad condicional es el lunes.",
        "La trabajadora social del refugio llamó.",
    ] {
        assert!(level(said) >= Level::L3, "{said}: {}", level(said));
    }
    assert_clean(&["We shelter in place during storms.", "Your case number is 14."]);
}

#[test]
fn a_class_for_who_smokes_tells_it() {
    for said in [
        "Your smoking class is Monday at 9 AM.",
        "Your quit class is Monday.",
        "Su clase para dejar de fumar es el lunes.",
        "Su clase de cigarrillo es el lunes.",
    ] {
        assert_eq!(level(said), Level::L4, "{said}");
    }
    assert_clean(&["Your class is Monday.", "No smoking on our campus."]);
}
