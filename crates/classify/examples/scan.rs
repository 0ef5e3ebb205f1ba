//! Reads texts from standard input, one a line, and shows what each carries.
#![expect(clippy::print_stdout, reason = "a program for a person at a terminal")]

use postern_classify::{Context, scan};
use std::io::BufRead as _;

fn main() {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match scan(&line, &Context::default()) {
            Ok(findings) => {
                let verdict = if findings.phi { "phi" } else { "clean" };
                println!("{verdict:5} {} {:?} {line}", findings.level, findings.categories);
                for span in findings.spans {
                    let text: String = line.chars().skip(span.start).take(span.end - span.start).collect();
                    println!("        {:>3}-{:<3} {} {text:?}", span.start, span.end, span.kind.as_str());
                }
            }
            Err(error) => println!("held: {error}"),
        }
    }
}
