//! A secret has no `Display`.
use postern_base::Secret;

fn main() {
    let key = Secret::new(String::from("hunter2"));
    println!("{key}");
}
