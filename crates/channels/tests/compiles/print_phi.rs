//! PHI has no `Display`.
//!
//! refused: E0277 `Phi<String>` doesn't implement `std::fmt::Display`
use postern_base::Phi;

fn leak() {
    let name = Phi::new(String::from("Alma Beech"));
    println!("{name}");
}
