//! PHI has no `Serialize`: it cannot slip into a log line, a webhook or an answer inside a larger type.
use postern_base::Phi;

fn main() {
    let name = Phi::new(String::from("Alma Beech"));
    let _json = serde_json::to_string(&name);
}
