//! A secret has no `Display`.
//!
//! refused: E0277 `Secret<String>` doesn't implement `std::fmt::Display`
use postern_base::Secret;

fn leak() {
    let key = Secret::new(String::from("hunter2"));
    println!("{key}");
}
