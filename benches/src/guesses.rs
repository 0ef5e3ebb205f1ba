//! Whether a clock tells what a page does not: guesses at what exists and at what does not, in turn, each as a browser that is not signed in
//! makes them, and how long the server took to refuse either.

use crate::portal::TENANT;
use crate::report::Line;
use crate::timing::Timings;
use crate::visitor::{Visitor, attribute};
use std::error::Error;
use std::net::SocketAddr;
use std::time::Instant;

/// What somebody guesses at: a page that takes it, and what is typed there.
type Guess<'g> = (&'static str, Vec<(&'static str, &'g str)>);

/// Guesses at `names` that sign in and at `codes` of invitations, and beside each at one that is made up. One place may be wrong thirty times
/// before it waits: fewer than fifteen of either.
///
/// # Errors
/// A guess was answered otherwise than a wrong one is.
pub(crate) async fn run(address: SocketAddr, names: &[String], codes: &[String]) -> Result<Vec<Line>, Box<dyn Error>> {
    let mut browser = Visitor::open(address, TENANT).await?;
    let page = browser.page("/sign-in/password").await?;
    let csrf = attribute(&page.body, "name=\"csrf\" value=\"").ok_or("the page of the password has no form")?;
    let password = |name| ("/sign-in/password", vec![("name", name), ("password", "a guess of somebody")]);
    let by_text = |name| ("/sign-in/by-text", vec![("name", name)]);
    let invitation = |code| {
        let born = [("born-month", "4"), ("born-day", "3"), ("born-year", "1980")];
        ("/enrol/more", [&[("invitation", code)], &born[..], &[("other", "Sample")]].concat())
    };
    let nobody: Vec<String> = (0..names.len()).map(|nth| format!("nobody-of-that-name-{nth}")).collect();
    let made_up: Vec<String> = codes.iter().map(|code| code.chars().rev().collect()).collect();
    let mut lines = guessed(&mut browser, &csrf, ("a password", 422), password, (names, &nobody)).await?;
    lines.extend(guessed(&mut browser, &csrf, ("a code by a name alone", 303), by_text, (names, &nobody)).await?);
    lines.extend(guessed(&mut browser, &csrf, ("an invitation", 422), invitation, (codes, &made_up)).await?);
    Ok(lines)
}

async fn guessed<'g>(
    browser: &mut Visitor,
    csrf: &'g str,
    (what, expected): (&str, u16),
    guess: impl Fn(&'g str) -> Guess<'g>,
    (real, made_up): (&'g [String], &'g [String]),
) -> Result<Vec<Line>, Box<dyn Error>> {
    let mut took = [Timings::with_capacity(real.len()), Timings::with_capacity(made_up.len())];
    for pair in real.iter().zip(made_up) {
        for (timings, one) in took.iter_mut().zip([pair.0, pair.1]) {
            let (path, mut fields) = guess(one);
            fields.push(("csrf", csrf));
            let began = Instant::now();
            browser.form(path, &fields, expected).await?;
            timings.add(began.elapsed());
        }
    }
    let note = format!("{} of either, in turn; refused, or for a code answered as for anybody", real.len());
    let named = ["there is", "there is none"].into_iter().zip(&mut took);
    Ok(named
        .map(|(which, timings)| {
            Line::time("portal", &format!("a guess at {what}, {which}, p50"), timings.quantile(500), "-", &note)
        })
        .collect())
}
