//! Families of wordings: a few messages of each that others' sets showed to be missed or taken wrongly.

use super::{assert_clean, assert_finds, found, kinds};
use crate::{Context, Kind, Level, Recipient, scan};

fn assert_phi(texts: &[&str]) {
    for text in texts {
        assert!(found(text).phi, "{text}");
    }
}

#[test]
fn a_number_to_call_is_nobodys() {
    assert_clean(&[
        "We tried to reach you. Please call us about your visit at 212-555-0100.",
        "Hey Priya its Paola, call me when u get a sec 415.555.0129",
        "Mr. Coffee is our front desk manager, he can help you at (773) 555-0142.",
        "From your cell dial 312/555-0109 then press 2.",
        "Questions about your visit? Text our clinic at 555-0134 or 555-0135.",
        "Le esperamos; si tiene dudas llame al 555-0111.",
    ]);
}

#[test]
fn a_number_that_is_said_to_be_the_patients_is_found() {
    for text in [
        "We have you at 212-555-0188, is that right?",
        "We left a voicemail at 212-555-0188",
        "Is 212-555-0188 still a good number?",
        "Lo llamamos al 212-555-0188 y no contestó",
        "call my husband instead, (720) 555-0165",
        "new cell 212-555-0188",
    ] {
        assert!(kinds(text).contains(&Kind::Phone), "{text}: {:?}", kinds(text));
    }
}

#[test]
fn a_home_is_found_with_its_flat_or_by_what_is_said_of_it_and_the_clinics_street_is_not() {
    for text in [
        "Is 14 Elm Street, Apt 3B, New York 10001 still where you live?",
        "letter came back from 5 Old Mill Rd, Unit 12, Concord NH 03301, whats ur new address",
        "Le mandamos el sobre a 6011 S Pulaski Rd, piso 2, Chicago IL 60629. sigue viviendo ahi?",
        "Calle Olmo 14, piso 3: ¿sigue siendo su domicilio?",
        "Home visit at 350 Fifth Ave #12",
        "Su domicilio es 18 Calle Ocho, ¿correcto?",
    ] {
        assert!(kinds(text).contains(&Kind::Address), "{text}: {:?}", kinds(text));
    }
    assert_clean(&[
        "Our new office is at 120 Main Street, Suite 400, Springfield, IL 62701.",
        "New address: 33 Temple Ct, 60614.",
        "Mail checks to 22 Iron Street, Pueblo, CO 81003-2214.",
        "take exit 12 onto Brook Rd, we're the 2nd drive on the right",
        "See you at 45 Oak Avenue on Monday.",
    ]);
}

#[test]
fn birth_dates_of_other_spellings_are_found_and_founding_days_are_not() {
    for text in [
        "born 12 Oct 78",
        "DOB Oct 12 '78",
        "nacida el 12 de octubre del 78",
        "your date of birth 101278",
        "we have 10121978 for you",
        "b. 6/1/43, is that still the right chart?",
        "birthday ten twelve seventy eight",
    ] {
        assert!(kinds(text).contains(&Kind::Dob), "{text}: {:?}", kinds(text));
    }
    assert_clean(&["Our clinic opened 06/14/1931 and we still have the first door key."]);
}

#[test]
fn the_recipients_own_day_and_street_are_found_in_the_spellings_people_use() {
    let recipient = Recipient { birth_date: Some((1978, 10, 12)), streets: &["1 Elm St"], ..Recipient::default() };
    let context = Context { recipient: Some(&recipient), ..Context::default() };
    for text in [
        "the 12 Oct 78 one",
        "Oct 12 '78 it is",
        "el 12 de octubre del 78",
        "file 10121978",
        "file 101278",
        "file 19781012",
        "the ten twelve seventy eight file",
        "to One Elm Street",
        "to #1 Elm",
        "to 1 ELM ST.",
    ] {
        assert!(scan(text, &context).unwrap().phi, "{text}");
    }
    assert!(!scan("The first elm we planted is one of twelve", &context).unwrap().phi);
}

#[test]
fn ages_over_89_are_persons_and_not_houses() {
    for text in [
        "You are 92 now!",
        "my mother is a hundred and one",
        "She turned 93",
        "At ninety-three years young you go first",
    ] {
        assert!(kinds(text).contains(&Kind::Age), "{text}: {:?}", kinds(text));
    }
    assert_clean(&[
        "Lakeview turns 92 on Sunday!",
        "¡Nuestro edificio cumple 95 años!",
        "Est. 1931!! Harbor Medical Group turns 95, cake @ 2pm",
    ]);
}

#[test]
fn numbers_are_told_by_what_stands_behind_them_or_in_groups() {
    assert_finds(&[
        ("#482913 is your chart", Kind::Mrn, Level::L2),
        ("The subscriber number of your family is W0221271601.", Kind::PlanId, Level::L2),
        ("BCBS subscriber ZGP 902 118 447 01. Is that you?", Kind::PlanId, Level::L2),
        ("the one ending in 9087", Kind::Account, Level::L2),
        ("Verify the last 4: 4417?", Kind::Ssn, Level::L3),
        ("mi dni es 12345678Z", Kind::Ssn, Level::L3),
        ("Su número de paciente es P-118264.", Kind::Mrn, Level::L2),
        ("The silver Corolla, tag GHX-9014, is yours?", Kind::Device, Level::L2),
        ("Is 85719 still your home zip?", Kind::Address, Level::L2),
    ]);
    assert_clean(&[
        "Clinic invoice 20418 for chairs is approved.",
        "Notice: our privacy policy changed on 1/1/25.",
        "ID de reunión 812 4455 9021, contraseña 336180.",
        "Join: https://meet.example.com/j/8837729104?pwd=Zk9wQ2xT",
        "booked Nov 30 @ 11.20 am",
    ]);
}

#[test]
fn staff_are_known_by_their_job_and_by_how_they_are_introduced() {
    assert_clean(&[
        "Your nurse today is Maria Lopez.",
        "Call 555-0111 and ask for Darlene Foote before noon.",
        "Llame al 555-0111 y pregunte por Dolores Bravo.",
        "Your scheduler on the 4th is Hope Lung.",
        "Le atenderá Débora Cano en lugar de la Dra. Li.",
        "Victor Manuel Colon, front desk lead, says hi.",
        "We need to move the 12th. Can you come with Ms. Graves?",
        "Hey Tom it's Kim at Dr Hodgkin's office.",
    ]);
    for text in
        ["Reyes, Ana: cita el jueves", "SANTANGELO, VITO has an appointment Fri", "Yes this is Bernard Fitzsimmons Jr"]
    {
        assert!(kinds(text).contains(&Kind::Name), "{text}: {:?}", kinds(text));
    }
}

#[test]
fn what_only_sounds_like_care_is_let_pass() {
    assert_clean(&[
        "Resultado de la RIFA: ganó el boleto 204!",
        "Tropical Depression Nine may bring rain on Thursday.",
        "Park in lot B12.",
        "Estaciónese en el lote B12.",
        "IT will run an antivirus scan tonight.",
        "77 Bloodworth Ave is the right address.",
        "Meet at 12 Cancer Survivors Way.",
        "Your check came back because it wasn't signed.",
        "The Corona, CA office closes at 3 on Fridays.",
        "C-O-N-F-I-R-M by texting Y",
    ]);
}

#[test]
fn lay_words_and_abbreviations_of_a_hurry_are_found() {
    assert_phi(&[
        "bx came back",
        "ur cast change is 9:15",
        "my dad cant pee",
        "any burning since last week?",
        "It's twins!",
        "all negative! you're good",
        "u r +ve",
        "they think its the big C",
        "La bolita que le sacamos",
        "cita con la sikiatra",
        "La sexóloga la ve a las 9:15",
        "A1 C 9.4",
        "your A1-C is 9",
        "HlV test",
        "hlv test",
        "Your insurance rejected code Z 2 1 on your bill.",
    ]);
}

#[test]
fn other_disguises_hide_nothing() {
    assert_phi(&[
        "your met\u{0}formin",
        "your \u{202e}nimroftem\u{202c}",
        "&amp;amp;amp;#104;iv test",
        "see oh pee dee class is at 10",
        "you tee eye again",
        "your A-one-C is eight",
        "em are en 4829170",
        "EatingDisordersProgram at noon",
        "la in su li na va en el refri",
        "quiero ventol=C3=ADn",
        "\\u006d\\u0065\\u0074formin is ready",
        "your met<b></b>formin",
        "d*pr*ssed again",
        "the shinglesvaccine is due",
        "nienty-three years young",
        "C P T 7 7 0 6 7",
    ]);
}

#[test]
fn a_house_with_a_neutral_name_says_when_and_where_and_no_more() {
    let names = [
        "Elmwood Family Health Center",
        "Brookhaven Community Clinic",
        "Dunmore Primary Care",
        "Larkspur Internal Medicine",
        "Ashby Family Medicine",
        "Clínica Familiar Las Rosas",
        "Centro de Salud La Cumbre",
        "Policlínica Cuatro Caminos",
        "Salud Familiar Las Lomas",
        "Medicina Familiar San Blas",
    ];
    for name in names {
        assert_clean(&[
            &format!(
                "This is {name}. You have an appointment on Wed Sep 30, 12:30 PM. To change it, please call 212-555-0100."
            ),
            &format!("{name}: please call us about your visit. Call 212-555-0100. Reply STOP to opt out"),
            &format!("{name} is closed on Friday. We open again on Monday."),
            &format!("Le habla {name}. Tiene una cita el miércoles 30 de septiembre a las 12:30."),
            &format!("{name}: por favor llámenos acerca de su visita. Nuestro número es 212-555-0100."),
            &format!("Gracias por llamar a {name}. Atendemos de ocho a cinco."),
        ]);
    }
}

#[test]
fn a_house_whose_name_tells_what_it_is_for_is_found() {
    assert_phi(&[
        "This is Elmwood Oncology Center. You have an appointment on Wed Sep 30, 12:30 PM.",
        "Le habla la Clínica de Adicciones Las Rosas. Tiene una cita el miércoles.",
    ]);
}

#[test]
fn results_of_votes_and_photos_of_cards_are_no_care() {
    assert_clean(&[
        "The results of the vote are in: the lobby gets a new fish tank.",
        "Los resultados de la rifa salen el viernes.",
        "Thanks for the photo of your card.",
        "Con gusto Daniela, que tenga bonito día.",
        "Marque cinco cinco cinco, cero uno dos nueve.",
    ]);
}

#[test]
fn a_title_and_a_name_behind_a_desk_are_staff_and_after_a_greeting_a_patient() {
    assert_clean(&[
        "Le habla la Sra. Montes de la clínica: lo que mandó ya llegó.",
        "Habla el Sr. Robles de la oficina.",
        "Ms. Bloom at window 3 can help with your card.",
        "Mrs. Bloom from our front desk will ring you.",
    ]);
    assert_phi(&["Dear Mrs. Bloom, your visit is on Friday.", "Estimada Sra. Montes, su cita es el viernes."]);
}

#[test]
fn numbers_and_names_in_odd_writings_are_found_and_slips_in_ordinary_words_are_not() {
    assert_phi(&[
        "Your SSN on file is 512:44:9901.",
        "MRN [3][3][8][2][0][1] is ready",
        "Your chart number is oo4BBI2.",
        "DOB 7 19 58 please confirm",
        "Medicare number 1EG4 TE5 MK73 please bring the card",
        "Acc0unt 5 5 1 8 8 2 0 has a balance.",
        "Your driver's lisence D4418827 is expired.",
        "Your email jkowalczyk82 @ post . example is on file",
        "Hi TERRENCE OKONKWO, your visit is Monday.",
        "The form says E11(dot)9.",
        "Código I10 autorizado",
        "Claim denied: N18-3",
        "Your record number with us is 448210.",
        "We called 937-555-0144 and no one picked up.",
        "Can I speak to Joan Baxter?",
        "Hi T*e*r*r*e*n*c*e* *O*k*o*n*k*w*o, your visit is Monday.",
    ]);
    assert_clean(&[
        "Your apointment is Monday at 9:00-10:30.",
        "Pleese chek in at the receptoin desk.",
        "Toy_drive_ends_12/15._96_toys_so_far._Wow.",
        "Tracking number 1Z9990044718820",
        "Park in E11, $1,200 in prizes, doors 9:30",
    ]);
}
