//! PHI has no `Display`.
use postern_base::Phi;

fn main() {
    let name = Phi::new(String::from("Alma Beech"));
    println!("{name}");
}
