//! Every page of the portal: who may open it, and what it records. `matrix.out` beside this file is the same as a table.

use super::{
    account, arrive, assets, choices, enrol, files, find, messages, persons, points, security, sign_in, stop, texted,
    wishes,
};
use crate::routes::{Access, Gives, Method, Records, Route, Takes};
use axum::routing::{MethodRouter, get, post};

use crate::web::Web;

const HTML: (u16, Gives) = (200, Gives::Text("text/html; charset=utf-8"));
const ELSEWHERE: (u16, Gives) = (303, Gives::Nothing);

/// A page: it changes nothing.
const fn page(
    path: &'static str,
    id: &'static str,
    access: Access,
    summary: &'static str,
    handler: fn() -> MethodRouter<Web>,
) -> Route {
    let (records, takes, parameters) = (Records::Nothing, Takes::Nothing, &[]);
    Route { method: Method::Get, path, id, summary, access, records, takes, parameters, gives: HTML, handler }
}

/// A form of a page.
const fn form(
    path: &'static str,
    id: &'static str,
    access: Access,
    records: Records,
    summary: &'static str,
    handler: fn() -> MethodRouter<Web>,
) -> Route {
    let (takes, parameters) = (Takes::Form, &[]);
    Route { method: Method::Post, path, id, summary, access, records, takes, parameters, gives: ELSEWHERE, handler }
}

/// What pages are drawn with.
const fn asset(path: &'static str, id: &'static str, kind: &'static str, handler: fn() -> MethodRouter<Web>) -> Route {
    let summary = "What pages are drawn with.";
    let gives = (200, Gives::Text(kind));
    Route { summary, gives, ..page(path, id, Access::Browser, summary, handler) }
}

/// Every page of the portal.
pub const PORTAL: &[Route] = &[
    asset("/p/{tenant}/portal.css", "portalStyle", "text/css; charset=utf-8", || get(assets::style)),
    asset("/p/{tenant}/colours.css", "portalColours", "text/css; charset=utf-8", || get(assets::colours)),
    asset("/p/{tenant}/passkey.js", "portalScript", "text/javascript; charset=utf-8", || get(assets::script)),
    asset("/p/{tenant}/idle.js", "portalIdleScript", "text/javascript; charset=utf-8", || get(assets::idle)),
    asset("/p/{tenant}/icon.svg", "portalIcon", "image/svg+xml", || get(assets::icon)),
    asset("/p/{tenant}/app.webmanifest", "portalManifest", "application/manifest+json", || get(assets::manifest)),
    page("/p/{tenant}/", "portalWelcome", Access::Browser, "The first page.", || get(arrive::welcome)),
    page("/p/{tenant}/sign-in", "portalSignIn", Access::Browser, "How to sign in.", || get(sign_in::ways)),
    form("/p/{tenant}/sign-in", "portalSignInWay", Access::Browser, Records::Nothing, "Choose how.", || {
        post(sign_in::choose_way)
    }),
    page("/p/{tenant}/sign-in/lost", "portalLost", Access::Browser, "What to do without a factor.", || {
        get(arrive::lost)
    }),
    page("/p/{tenant}/sign-in/password", "portalPassword", Access::Browser, "Name and password.", || {
        get(sign_in::password)
    }),
    form(
        "/p/{tenant}/sign-in/password",
        "portalCheckPassword",
        Access::Browser,
        Records::Nothing,
        "The first factor.",
        || post(sign_in::check_password),
    ),
    page("/p/{tenant}/sign-in/code", "portalCode", Access::Browser, "The second factor.", || get(sign_in::code)),
    form(
        "/p/{tenant}/sign-in/code",
        "portalCheckCode",
        Access::Browser,
        Records::Administered,
        "The second factor.",
        || post(sign_in::check_code),
    ),
    page("/p/{tenant}/sign-in/recovery", "portalRecovery", Access::Browser, "A recovery code.", || {
        get(sign_in::recovery)
    }),
    form(
        "/p/{tenant}/sign-in/recovery",
        "portalCheckRecovery",
        Access::Browser,
        Records::Administered,
        "In place of the second factor.",
        || post(sign_in::check_recovery),
    ),
    page("/p/{tenant}/sign-in/passkey", "portalPasskey", Access::Browser, "A passkey.", || get(sign_in::passkey)),
    form(
        "/p/{tenant}/sign-in/passkey",
        "portalCheckPasskey",
        Access::Browser,
        Records::Administered,
        "Both factors in one.",
        || post(sign_in::check_passkey),
    ),
    page("/p/{tenant}/sign-in/text", "portalText", Access::Browser, "A code by text, after the password.", || {
        get(texted::second)
    }),
    form("/p/{tenant}/sign-in/text", "portalSendText", Access::Browser, Records::Accepted, "Send it.", || {
        post(texted::send_second)
    }),
    page("/p/{tenant}/sign-in/text/code", "portalTextCode", Access::Browser, "The code that went.", || {
        get(texted::code)
    }),
    form(
        "/p/{tenant}/sign-in/text/code",
        "portalCheckText",
        Access::Browser,
        Records::Administered,
        "The second factor, or one alone.",
        || post(texted::check),
    ),
    page("/p/{tenant}/sign-in/by-text", "portalByText", Access::Browser, "A code by text alone.", || {
        get(texted::alone)
    }),
    form("/p/{tenant}/sign-in/by-text", "portalSendByText", Access::Browser, Records::Accepted, "Send it.", || {
        post(texted::send_alone)
    }),
    page("/p/{tenant}/enrol", "portalEnrol", Access::Browser, "The code of an invitation.", || get(enrol::code)),
    form("/p/{tenant}/enrol", "portalTakeInvitation", Access::Browser, Records::Nothing, "Asks for the next.", || {
        post(enrol::take_code)
    }),
    form("/p/{tenant}/enrol/birth", "portalTakeBirth", Access::Browser, Records::Nothing, "Asks for the next.", || {
        post(enrol::take_birth)
    }),
    form("/p/{tenant}/enrol/more", "portalTakeMore", Access::Browser, Records::Nothing, "Checks all of it.", || {
        post(enrol::take_more)
    }),
    page("/p/{tenant}/enrol/way", "portalEnrolWay", Access::Browser, "Which factor.", || get(enrol::way)),
    form("/p/{tenant}/enrol/way", "portalChooseEnrolWay", Access::Browser, Records::Nothing, "Choose it.", || {
        post(enrol::choose_way)
    }),
    page("/p/{tenant}/enrol/password", "portalMakePassword", Access::Browser, "A name and a password.", || {
        get(enrol::password)
    }),
    form(
        "/p/{tenant}/enrol/password",
        "portalTakePassword",
        Access::Browser,
        Records::Nothing,
        "Shows the key of the app.",
        || post(enrol::take_password),
    ),
    form(
        "/p/{tenant}/enrol/app",
        "portalTakeFirstCode",
        Access::Browser,
        Records::Administered,
        "Makes the account.",
        || post(enrol::take_first_code),
    ),
    page("/p/{tenant}/enrol/passkey", "portalMakePasskey", Access::Browser, "A passkey.", || get(enrol::passkey)),
    form(
        "/p/{tenant}/enrol/passkey",
        "portalTakePasskey",
        Access::Browser,
        Records::Administered,
        "Makes the account.",
        || post(enrol::take_passkey),
    ),
    page("/p/{tenant}/enrol/text", "portalEnrolText", Access::Browser, "Codes by text in place of an app.", || {
        get(texted::enrol)
    }),
    form("/p/{tenant}/enrol/text", "portalSendEnrolText", Access::Browser, Records::Accepted, "Send one.", || {
        post(texted::send_enrol)
    }),
    form(
        "/p/{tenant}/enrol/text/code",
        "portalTakeEnrolText",
        Access::Browser,
        Records::Administered,
        "Makes the account.",
        || post(texted::take_enrol),
    ),
    page("/p/{tenant}/m/{token}", "portalLanding", Access::Browser, "Where the link of a notice leads.", || {
        get(messages::landing)
    }),
    form(
        "/p/{tenant}/m/{token}",
        "portalTakeLink",
        Access::Browser,
        Records::Nothing,
        "Remembers it until somebody is signed in.",
        || post(messages::take_link),
    ),
    page("/p/{tenant}/stop/{token}", "portalStop", Access::Browser, "What a link ends, without an account.", || {
        get(stop::page)
    }),
    form("/p/{tenant}/stop/{token}", "portalEndByLink", Access::Browser, Records::ConsentChanged, "It ends.", || {
        post(stop::end)
    }),
    Route {
        records: Records::Disclosed,
        ..page("/p/{tenant}/messages", "portalMessages", Access::Patient, "The messages.", || get(messages::list))
    },
    Route {
        records: Records::Disclosed,
        ..page("/p/{tenant}/messages/{message}", "portalMessage", Access::Patient, "One, opened.", || {
            get(messages::open)
        })
    },
    Route {
        records: Records::Disclosed,
        ..page(
            "/p/{tenant}/messages/{message}/sent",
            "portalReplied",
            Access::Patient,
            "The same, after an answer.",
            || get(messages::sent),
        )
    },
    form("/p/{tenant}/messages/find", "portalFind", Access::Patient, Records::Nothing, "Look for some.", || {
        post(find::find)
    }),
    Route {
        records: Records::Disclosed,
        ..page(
            "/p/{tenant}/messages/{message}/download",
            "portalDownloadMessage",
            Access::Patient,
            "One, as a text file.",
            || get(messages::download),
        )
    },
    page("/p/{tenant}/messages/{message}/stopped", "portalStopped", Access::Patient, "An answer said stop.", || {
        get(messages::stopped)
    }),
    Route {
        takes: Takes::Files,
        ..form(
            "/p/{tenant}/messages/{message}/reply",
            "portalReply",
            Access::Patient,
            Records::Received,
            "Write back.",
            || post(messages::answer),
        )
    },
    Route {
        records: Records::Disclosed,
        gives: (200, Gives::Text("application/octet-stream")),
        ..page(
            "/p/{tenant}/messages/{message}/files/{file}",
            "portalDownloadFile",
            Access::Patient,
            "A file that was sent with an answer.",
            || get(files::download),
        )
    },
    page("/p/{tenant}/help", "portalHelp", Access::Patient, "Where there is help at once.", || get(messages::help)),
    page(
        "/p/{tenant}/messages/{message}/confirm",
        "portalConfirm",
        Access::Patient,
        "A factor is asked for again.",
        || get(messages::confirm),
    ),
    form(
        "/p/{tenant}/messages/{message}/confirm",
        "portalCheckConfirm",
        Access::Patient,
        Records::Administered,
        "Show it.",
        || post(messages::check_confirm),
    ),
    page("/p/{tenant}/account", "portalAccount", Access::Patient, "Devices and people.", || get(account::page)),
    page("/p/{tenant}/account/security", "portalSecurity", Access::Patient, "How somebody signs in.", || {
        get(security::page)
    }),
    page("/p/{tenant}/account/confirm", "portalAskFactor", Access::Patient, "A factor is asked for again.", || {
        get(security::confirm)
    }),
    form(
        "/p/{tenant}/account/confirm",
        "portalCheckFactor",
        Access::Patient,
        Records::Administered,
        "Show it.",
        || post(security::check_confirm),
    ),
    page("/p/{tenant}/account/passkey", "portalAskNewPasskey", Access::Patient, "Another passkey.", || {
        get(security::passkey)
    }),
    form("/p/{tenant}/account/passkey", "portalAddPasskey", Access::Patient, Records::Administered, "Add it.", || {
        post(security::add_passkey)
    }),
    form(
        "/p/{tenant}/account/passkey/name",
        "portalNamePasskey",
        Access::Patient,
        Records::Administered,
        "What one of them is called.",
        || post(security::name_passkey),
    ),
    form(
        "/p/{tenant}/account/passkey/remove",
        "portalRemovePasskey",
        Access::Patient,
        Records::Administered,
        "Take one out of use.",
        || post(security::remove_passkey),
    ),
    page("/p/{tenant}/account/password", "portalAskNewPassword", Access::Patient, "Another password.", || {
        get(security::password)
    }),
    form(
        "/p/{tenant}/account/password",
        "portalChangePassword",
        Access::Patient,
        Records::Administered,
        "Change it.",
        || post(security::change_password),
    ),
    page("/p/{tenant}/account/app", "portalAskNewApp", Access::Patient, "Another code app.", || get(security::app)),
    form(
        "/p/{tenant}/account/app",
        "portalChangeApp",
        Access::Patient,
        Records::Administered,
        "Its first code: it counts from now on.",
        || post(security::change_app),
    ),
    page("/p/{tenant}/account/phone", "portalAskPhone", Access::Patient, "Codes by text.", || get(texted::phone)),
    form("/p/{tenant}/account/phone", "portalSendPhoneCode", Access::Patient, Records::Accepted, "Send one.", || {
        post(texted::send_phone)
    }),
    form(
        "/p/{tenant}/account/phone/code",
        "portalTakePhone",
        Access::Patient,
        Records::Administered,
        "The number is a factor from now on.",
        || post(texted::take_phone),
    ),
    form(
        "/p/{tenant}/account/phone/remove",
        "portalRemovePhone",
        Access::Patient,
        Records::Administered,
        "It is none any more.",
        || post(texted::remove_phone),
    ),
    form(
        "/p/{tenant}/account/phone/alone",
        "portalLetCodeAlone",
        Access::Patient,
        Records::Administered,
        "Whether a code alone opens what tells little.",
        || post(texted::let_alone),
    ),
    form(
        "/p/{tenant}/account/codes",
        "portalRenewCodes",
        Access::Patient,
        Records::Administered,
        "New recovery codes, shown once.",
        || post(security::renew_codes),
    ),
    form(
        "/p/{tenant}/account/end",
        "portalEndSession",
        Access::Patient,
        Records::Administered,
        "End another session.",
        || post(account::end),
    ),
    form(
        "/p/{tenant}/account/everywhere",
        "portalSignOutEverywhere",
        Access::Patient,
        Records::Administered,
        "End every session.",
        || post(account::everywhere),
    ),
    form(
        "/p/{tenant}/account/person",
        "portalTurnTo",
        Access::Patient,
        Records::Administered,
        "Turn to another record.",
        || post(account::turn),
    ),
    page("/p/{tenant}/account/person/add", "portalAddPerson", Access::Patient, "One more record to look at.", || {
        get(persons::add)
    }),
    form(
        "/p/{tenant}/account/person/add",
        "portalTakeUpPerson",
        Access::Patient,
        Records::Administered,
        "Take it up by an invitation.",
        || post(persons::take),
    ),
    form(
        "/p/{tenant}/account/person/leave",
        "portalLeavePerson",
        Access::Patient,
        Records::Administered,
        "Act for somebody no more.",
        || post(persons::leave),
    ),
    form(
        "/p/{tenant}/account/proxy",
        "portalEndProxy",
        Access::Patient,
        Records::Administered,
        "Nobody acts for me any more.",
        || post(account::end_proxy),
    ),
    Route {
        records: Records::Disclosed,
        ..page(
            "/p/{tenant}/account/messages.json",
            "portalDownload",
            Access::Patient,
            "Everything, with proofs.",
            || get(account::download),
        )
    },
    form("/p/{tenant}/sign-out", "portalSignOut", Access::Patient, Records::Administered, "End this session.", || {
        post(account::sign_out)
    }),
    page("/p/{tenant}/signed-out", "portalSignedOut", Access::Browser, "It has ended.", || get(account::signed_out)),
    page("/p/{tenant}/choices", "portalChoices", Access::Patient, "What may come where.", || get(choices::page)),
    form("/p/{tenant}/choices", "portalChoose", Access::Patient, Records::ConsentChanged, "Change it.", || {
        post(choices::save)
    }),
    page(
        "/p/{tenant}/choices/one-place",
        "portalOnePlace",
        Access::Patient,
        "One place only (45 CFR 164.522(b)).",
        || get(choices::one_place),
    ),
    form(
        "/p/{tenant}/choices/one-place",
        "portalChooseOnePlace",
        Access::Patient,
        Records::ConsentChanged,
        "Choose it, or none.",
        || post(choices::save_one_place),
    ),
    page("/p/{tenant}/choices/e-mail", "portalEmailRisk", Access::Patient, "The risk of e-mail.", || {
        get(choices::email)
    }),
    form(
        "/p/{tenant}/choices/e-mail",
        "portalAnswerEmailRisk",
        Access::Patient,
        Records::ConsentChanged,
        "Accept it, or not.",
        || post(choices::save_email),
    ),
    page("/p/{tenant}/choices/offers", "portalOffers", Access::Patient, "Marketing (45 CFR 164.508).", || {
        get(choices::offers)
    }),
    form(
        "/p/{tenant}/choices/offers",
        "portalAnswerOffers",
        Access::Patient,
        Records::ConsentChanged,
        "Sign it, or take it back.",
        || post(choices::save_offers),
    ),
    page("/p/{tenant}/choices/points", "portalPoints", Access::Patient, "Numbers and addresses.", || get(points::page)),
    page("/p/{tenant}/choices/points/add", "portalAddPoint", Access::Patient, "One more.", || get(points::add)),
    form(
        "/p/{tenant}/choices/points/add",
        "portalTakePoint",
        Access::Patient,
        Records::ConsentChanged,
        "Adds it and sends a code there.",
        || post(points::take),
    ),
    form(
        "/p/{tenant}/choices/points/check",
        "portalCheckPoint",
        Access::Patient,
        Records::ConsentChanged,
        "Sends a code to one.",
        || post(points::check),
    ),
    page("/p/{tenant}/choices/points/code/{message}", "portalPointCode", Access::Patient, "Asks for the code.", || {
        get(points::code)
    }),
    form(
        "/p/{tenant}/choices/points/code/{message}",
        "portalConfirmPoint",
        Access::Patient,
        Records::ConsentChanged,
        "It is theirs.",
        || post(points::confirm),
    ),
    form(
        "/p/{tenant}/choices/points/first",
        "portalPreferPoint",
        Access::Patient,
        Records::ConsentChanged,
        "This one first.",
        || post(points::first),
    ),
    form(
        "/p/{tenant}/choices/points/remove",
        "portalRemovePoint",
        Access::Patient,
        Records::ConsentChanged,
        "Not this one any more.",
        || post(points::remove),
    ),
    page("/p/{tenant}/choices/times", "portalTimes", Access::Patient, "At what times.", || get(wishes::times)),
    form(
        "/p/{tenant}/choices/times",
        "portalChooseTimes",
        Access::Patient,
        Records::ConsentChanged,
        "Choose them.",
        || post(wishes::save_times),
    ),
    page("/p/{tenant}/choices/language", "portalLanguage", Access::Patient, "In which language.", || {
        get(wishes::language)
    }),
    form(
        "/p/{tenant}/choices/language",
        "portalChooseLanguage",
        Access::Patient,
        Records::ConsentChanged,
        "Choose it.",
        || post(wishes::save_language),
    ),
    page(
        "/p/{tenant}/choices/emergency",
        "portalEmergencyContact",
        Access::Patient,
        "Whom to call in an emergency.",
        || get(wishes::emergency),
    ),
    form(
        "/p/{tenant}/choices/emergency",
        "portalNameEmergencyContact",
        Access::Patient,
        Records::ConsentChanged,
        "Name them, or nobody.",
        || post(wishes::save_emergency),
    ),
    page("/p/{tenant}/choices/said", "portalSaid", Access::Patient, "What was said before.", || get(choices::said)),
];

/// Where the link of a notice leads when the host says nothing of whose it is: to its practice's portal. It asks nothing of a browser.
pub(crate) const LINK: Route = Route {
    access: Access::Anyone,
    gives: ELSEWHERE,
    ..page("/m/{token}", "portalFindPractice", Access::Anyone, "Goes to the practice of a link.", || {
        get(messages::find_practice)
    })
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_page_says_who_may_open_it_and_a_get_changes_nothing() {
        let ids: BTreeSet<&str> = PORTAL.iter().map(|route| route.id).collect();
        assert_eq!(ids.len(), PORTAL.len());
        for route in PORTAL {
            assert!(route.path.starts_with("/p/{tenant}/") && route.id.starts_with("portal"), "{}", route.id);
            assert!(matches!(route.access, Access::Browser | Access::Patient), "{}", route.id);
            match route.method {
                Method::Get => assert!(matches!(route.records, Records::Nothing | Records::Disclosed), "{}", route.id),
                Method::Post => {
                    let wanted = if route.id == "portalReply" { Takes::Files } else { Takes::Form };
                    assert_eq!(route.takes, wanted, "{}", route.id);
                }
                other => panic!("{}: {other:?} is no method of a form", route.id),
            }
            if route.access == Access::Browser {
                assert_ne!(route.records, Records::Disclosed, "{}", route.id);
                // Without an account there is one thing to change: what a link says of itself (47 CFR 64.1200(a)(10)).
                let by_link = route.id == "portalEndByLink";
                assert_eq!(route.records == Records::ConsentChanged, by_link, "{}", route.id);
            }
        }
    }

    #[test]
    fn the_committed_matrix_is_the_table() {
        let line =
            |route: &Route| format!("{:?} {} | {:?} | {:?}\n", route.method, route.path, route.access, route.records);
        let now: String = PORTAL.iter().map(line).collect();
        assert_eq!(now, include_str!("matrix.out"), "what changed is looked at, then written there");
    }
}
