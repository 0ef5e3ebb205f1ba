//! What was heard in a message once, so that no later decision has to read it again.

use super::{Meaning, SpokenOf, read_to, spoken_of};
use postern_base::Channel;

/// What was heard in one message, to where a patient of certain names is written; or nothing yet.
///
/// Reading takes longer than all the rules together, and the same text means the same as long as the patient's names and these rules do not
/// change: who keeps what was heard keeps it by these, and no longer than the program runs. A message that was not read before is read in the
/// decision, and a decision that is made again from its record reads for itself, so what was wrongly kept is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard(Option<(Meaning, SpokenOf)>);

impl Heard {
    /// Nobody read it yet.
    pub const NOT_YET: Self = Self(None);

    /// What is heard in `text`, to where a patient of these `names` is written.
    pub fn of<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Self {
        Self(Some((read_to(text, names), spoken_of(text))))
    }

    /// What the message means; `None` = nobody read it yet.
    #[must_use]
    pub fn meaning(self) -> Option<Meaning> {
        self.0.map(|(meaning, _)| meaning)
    }

    /// Whether everything ends that is sent on `channel` to where the message comes from: who keeps texts by a text has not ended them.
    #[must_use]
    pub fn ends(self, channel: Channel) -> bool {
        self.0.is_some_and(|(meaning, spoken)| {
            let kept = match channel {
                Channel::Sms => spoken.keeps.texts,
                Channel::Voice | Channel::Voicemail => spoken.keeps.calls,
                Channel::Email => spoken.keeps.mails,
                _ => false,
            };
            meaning.stops() && (!kept || meaning.is_wrong_number())
        })
    }

    /// What it means and what it speaks of, read now if nobody did before.
    pub(crate) fn or_read<'n>(self, text: &str, names: impl Iterator<Item = &'n str>) -> (Meaning, SpokenOf) {
        self.0.unwrap_or_else(|| (read_to(text, names), spoken_of(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::Heard;
    use postern_base::Channel;

    #[test]
    fn who_keeps_texts_by_a_text_has_not_ended_them() {
        let ends = |text: &str| Heard::of(text, std::iter::empty()).ends(Channel::Sms);
        assert!(ends("STOP") && ends("stop texting me, e-mail is fine") && ends("STOP. this is not Alma"));
        assert!(!ends("stop calling me but texts are fine") && !ends("see you at 3"));
        for text in ["text me, don't call", "no me llamen, mensajes sí", "stop calling me, just text me"] {
            assert!(!ends(text), "{text}");
        }
        for text in ["stop calling and don't text me", "don't call or text me", "stop texting me, text me later"] {
            assert!(ends(text), "{text}");
        }
    }
}
