//! A permit's fields are private: nobody but the gate builds one.
//!
//! refused: E0451 `postern_gate::Permit` are private
use postern_gate::Permit;

fn forge(template: Permit) -> Permit {
    Permit { form: postern_base::Form::Full, ..template }
}
