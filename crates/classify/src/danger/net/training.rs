//! How the net is trained: from `corpus/`, to the same bytes every time. `cargo test -p postern-classify --lib -- --ignored
//! train_the_danger_net` writes `data/danger-net.bin` anew, and into `corpus/danger-figures.tsv` what is heard of the messages of authors
//! that a net was not trained from.

use super::super::SAYINGS;
use super::super::readings::readings;
use super::{hears_with, passages, shapes};
use postern_net::Net;
use postern_net::training::{Example, train};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Messages in danger and not, of several authors who had seen nothing of the reader.
const AUTHORS: &str = include_str!("../../../corpus/danger-authors.tsv");
/// The wordings that the table is tested with: they always train.
const HOUSE: &str = include_str!("../../../corpus/danger.tsv");
/// What else patients and clinics write. Whether somebody is in danger was not asked of their authors: what the table hears in is left out.
const EVERYDAY: [&str; 2] = [include_str!("../../../corpus/wide-d.tsv"), include_str!("../../../corpus/wide-f.tsv")];
/// Replies of patients about messages and everything else, from which the gate's net is trained.
const REPLIES: [&str; 2] =
    [include_str!("../../../../gate/corpus/replies.tsv"), include_str!("../../../../gate/corpus/house.tsv")];
/// How often a reply is seen in one round: most of what is written back is one.
const REPLY_TIMES: usize = 3;

/// How often a wording of the house that only sounds like danger is seen.
const OURS_NONE_TIMES: usize = 8;

/// The sets that are no author's of [`AUTHORS`].
const OURS: &str = "house";
const EVERYDAYS: &str = "everyday";
const REPLY: &str = "reply";
/// The author of replies who wrote of sudden symptoms too, as things that have nothing to do with stopping: they train nothing here.
const OF_SYMPTOMS: &str = "ra";

struct Row {
    author: &'static str,
    danger: bool,
    heard_by_table: bool,
    words: Vec<String>,
}

impl Row {
    fn new(author: &'static str, danger: bool, text: &str) -> Self {
        let readings = readings(text, &SAYINGS);
        let heard_by_table = readings.iter().any(|words| SAYINGS.are_in(words));
        Self { author, danger, heard_by_table, words: shapes(&readings[1]) }
    }

    fn example(&self) -> Example<1> {
        let times = match self.author {
            REPLY => REPLY_TIMES,
            OURS if !self.danger => OURS_NONE_TIMES,
            _ => 1,
        };
        Example::new(passages(&self.words), [self.danger], times)
    }

    fn is_heard(&self, net: Net<'_, 1>) -> bool {
        self.heard_by_table || hears_with(net, &self.words)
    }
}

fn lines(file: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    file.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

fn rows() -> Vec<Row> {
    let authors = lines(AUTHORS).filter_map(|fields| match fields[..] {
        [id, label, _, text] => Some(Row::new(id.get(..2).unwrap_or_default(), label == "danger", text)),
        _ => None,
    });
    let house = lines(HOUSE).filter_map(|fields| match fields[..] {
        [_, "made" | "kept", expected, _, text] => Some(Row::new(OURS, expected == "danger", text)),
        _ => None,
    });
    let everyday = EVERYDAY.into_iter().flat_map(lines).filter_map(|fields| match fields[..] {
        [_, _, _, _, "plain", text] => Some(Row::new(EVERYDAYS, false, text)).filter(|row| !row.heard_by_table),
        _ => None,
    });
    let replies = REPLIES.into_iter().flat_map(lines).filter_map(|fields| match fields[..] {
        [id, _, _, text] if !id.starts_with(OF_SYMPTOMS) => {
            Some(Row::new(REPLY, false, text)).filter(|row| !row.heard_by_table)
        }
        _ => None,
    });
    authors.chain(house).chain(everyday).chain(replies).collect()
}

fn trained<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Vec<u8> {
    train(&rows.into_iter().map(Row::example).collect::<Vec<_>>())
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_weights_are_what_the_corpus_trains() {
    assert!(
        trained(&rows()) == std::fs::read(file("data/danger-net.bin")).unwrap(),
        "train the net anew: its corpora (some are the gate's), the table or the trainer has changed"
    );
}

#[test]
#[ignore = "writes the weights and the figures anew"]
fn train_the_danger_net() {
    let rows = rows();
    std::fs::write(file("data/danger-net.bin"), trained(&rows)).unwrap();
    let apart = |author: &&str| !matches!(*author, OURS | EVERYDAYS | REPLY);
    let authors: BTreeSet<&str> = rows.iter().map(|row| row.author).filter(apart).collect();
    let mut out = String::from(
        "# Of each author's messages: how many there are, how many the table of sayings hears as danger, and how many it and a net that was\n# trained without that author's messages hear. Written by `train_the_danger_net`.\nauthor\tin danger\tmessages\ttable\ttable and net\n",
    );
    for author in authors {
        let weights = trained(rows.iter().filter(|row| row.author != author));
        let net = Net::new(&weights);
        for danger in [true, false] {
            let of = || rows.iter().filter(|row| row.author == author && row.danger == danger);
            let by_table = of().filter(|row| row.heard_by_table).count();
            let heard = of().filter(|row| row.is_heard(net)).count();
            let said = if danger { "yes" } else { "no" };
            writeln!(out, "{author}\t{said}\t{}\t{by_table}\t{heard}", of().count()).unwrap();
        }
    }
    std::fs::write(file("corpus/danger-figures.tsv"), out).unwrap();
}
