//! PHI has no `Serialize`: it cannot slip into a log line, a webhook or an answer inside a larger type.
//!
//! refused: E0277 `Phi<std::string::String>: serde::Serialize` is not satisfied
use postern_base::Phi;

fn leak() {
    let name = Phi::new(String::from("Alma Beech"));
    let _json = serde_json::to_string(&name);
}
