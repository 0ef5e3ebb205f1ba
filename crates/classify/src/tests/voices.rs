//! How patients, their families and clinics really write: identifiers in the first person and across sentences, what ails a part of a
//! body, and the clean messages that look like either.

use super::{assert_clean, kinds};
use crate::{Kind, training};

fn assert_phi(texts: &[&str]) {
    for text in texts {
        assert!(super::found(text).phi, "{text}");
    }
}

#[test]
fn a_number_answers_what_the_sentence_before_asked_for() {
    for (text, kind) in [
        ("Reply with the last four of your social. We have 6620 here but it may be old.", Kind::Ssn),
        ("For the permit we need your plate again. The one we have is 7RVX204, correct?", Kind::Device),
        ("We only have 555-0162 as your cell. Text back if that changed.", Kind::Phone),
        ("I changed my cell, use 555-0197 and take the other one off please.", Kind::Phone),
        ("Call my sister's place, 555-0183, that's where I stay now.", Kind::Phone),
        ("Mande el comprobante al 809-555-0119, que ese es mi WhatsApp.", Kind::Phone),
        ("Barcode on the bag reads E0091847 and that is you.", Kind::Account),
        ("La orden 77-A-20931 es la suya; no se la dé a nadie más.", Kind::Account),
        ("when you check in give them 7740-221-B, that's your chart number", Kind::Mrn),
        ("Your username is dwight.pomeroy51; reset it with the button below.", Kind::Account),
    ] {
        assert!(kinds(text).contains(&kind), "{text}: {:?}", kinds(text));
    }
    assert_clean(&[
        "Your code is 448821. It is yours alone, never share it.",
        "We need your form again. The queue is at 4420 today.",
        "Su trámite está en proceso, folio 4482.",
        "null null, your appointment with Dr. undefined is on 01/01/1970",
    ]);
}

#[test]
fn days_of_birth_and_ages_are_found_in_the_ways_they_are_said() {
    for (text, kind) in [
        ("naci el 5 d otubre dl 84, con eso me buscas no?", Kind::Dob),
        ("Subscriber born June the second nineteen fifty-four, is that right?", Kind::Dob),
        ("30JUN2004 is what the card shows", Kind::Dob),
        ("DOB in our feed shows 19470210T000000.", Kind::Dob),
        ("nací el veintidos del diez del cuarenta y nueve", Kind::Dob),
        ("I turned 103 in May and I still pay by check", Kind::Age),
        ("Happy 97th, Mr. G! The whole front desk says hello.", Kind::Age),
        ("ma is ninty five, wheel chair thru door?", Kind::Age),
        ("Doña Carmen, a sus 97 añitos todavía nos gana en dominó.", Kind::Age),
    ] {
        assert!(kinds(text).contains(&kind), "{text}: {:?}", kinds(text));
    }
}

#[test]
fn names_and_homes_are_found_without_the_usual_titles() {
    for (text, kind) in [
        ("hey its dale kowalczyk's wife, can u move his thing to friday instead", Kind::Name),
        ("We have the letter for T.R. Vandermeer.", Kind::Name),
        ("K. J. Thistlewood, you are all set for 1:45.", Kind::Name),
        ("Señor Luis Manuel García Ferrol, le guardé el lugar.", Kind::Name),
        ("SEÑORA   AMPARO    VILLASEÑOR, LE HABLAN DE LA CLINICA", Kind::Name),
        ("Mother's maiden name on the sheet is Przybylski.", Kind::Name),
        ("We still have you as Tallulah Brightwater in the system.", Kind::Name),
        ("Inmate Terrell Gadsden, bring your band to the window at count.", Kind::Name),
        ("88 Harbor St Unit 14, Salem MA 01970", Kind::Address),
        ("The cab will honk at 1902 Larkspur Terrace, rear unit.", Kind::Address),
        ("Le mandamos el paquete a C/ Hortaleza 104, piso 5 pta. 12, Valencia.", Kind::Address),
        ("Vivo en el residencial Los Cocos, edificio 3, apartamento 2-A.", Kind::Address),
    ] {
        assert!(kinds(text).contains(&kind), "{text}: {:?}", kinds(text));
    }
    assert_clean(&[
        "Dana Whitlock is off today; Marcus Reyes has the desk until 6.",
        "Marcus Whitfield, our new office manager, will call you.",
        "Don Beto, su taxi lo espera en la esquina.",
        "Estamos en la Ave. Ponce de León 1407, segundo piso.",
        "Nos vemos el martes en la sala 4, segundo piso, a las 10:15.",
        "your ride share voucher is worth up to $18 each way",
        "Use the door on Cancer Survivors' Plaza, come in from Pine.",
        "El importe de la factura es de 1.203,45 €; se puede pagar con tarjeta.",
    ]);
}

#[test]
fn what_is_used_for_something_as_a_whole_is_a_cue() {
    for (text, kind) in [
        ("Buenos días, Ramiro Quiñonesco, pase por favor.", Kind::Name),
        ("Patient id 4471902 is ready", Kind::Mrn),
        ("fecha nac 12 03", Kind::Dob),
    ] {
        assert!(kinds(text).contains(&kind), "{text}: {:?}", kinds(text));
    }
}

#[test]
fn an_amount_is_money_and_no_care() {
    assert!(!super::found("Invoice total is $1,988.07, of which $719 is already paid.").phi);
}

#[test]
fn a_number_of_a_thing_or_a_house_is_no_hold_and_no_crisis_line() {
    for text in [
        "Your visit is on Tuesday at 3 PM. Ref 5150",
        "Your visit is on Tuesday at 3 PM. Ref 9888",
        "Order 98888 is ready",
        "Your visit is at 988 Main Street on Tuesday",
        "Su cita es el martes. Referencia 5150",
    ] {
        assert!(!super::found(text).phi, "{text}");
    }
    assert_phi(&[
        "He was put on a 5150 last night.",
        "If it gets worse call 988.",
        "Call 988 today, Main Street is closed.",
    ]);
}

#[test]
fn a_part_of_a_body_and_what_ails_it_tell_care_together() {
    assert_phi(&[
        "If the jaw still pops when you chew, come by Friday.",
        "Me anda doliendo la panza desde el domingo, ¿me puede ver hoy?",
        "Le vamos a destapar los oídos el martes.",
        "Is the goop in his eye still green?",
        "I pee a little whenever I sneeze, is there somebody I can see?",
    ]);
    assert_clean(&[
        "The back door sticks, pull the handle.",
        "The loose leg of the table was fixed.",
        "Hands full? Ring the bell at the desk.",
    ]);
}

#[test]
fn words_of_two_meanings_are_let_pass_where_the_sentence_does_not_sound_like_care() {
    assert_clean(&[
        "Delivery of your new chair cushion catalog was a mistake, please toss it.",
        "Hoy cerramos a la 1 por la presión baja del agua en el edificio.",
        "El servidor se cayó a las 3:14 y volvió a las 3:19.",
        "MS Excel choked on row 65536. We split the file.",
    ]);
}

#[test]
fn a_text_with_every_blank_doubled_is_read() {
    assert_phi(&["Your  P  S  A  is  up  from  last  year,  call  for  a  time."]);
}

#[test]
fn what_programmers_write_is_no_care() {
    let prose = include_str!("../../corpus/prose.tsv");
    let lines: Vec<&str> = prose.lines().filter_map(|line| line.split('\t').nth(5)).collect();
    let found = lines.iter().filter(|line| super::found(line).phi).count();
    assert!(lines.len() > 300 && found * 100 < lines.len(), "{found} of {}", lines.len());
    assert!(training::is_found_by_words("reboot the metformin service").unwrap());
}
