//! A permit's fields are private: nobody but the gate builds one.
use postern_gate::Permit;

fn forge(template: Permit) -> Permit {
    Permit { form: postern_base::Form::Full, ..template }
}

fn main() {}
