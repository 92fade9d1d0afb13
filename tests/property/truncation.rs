//! A log that was cut anywhere never panics, never shows what is not there and never claims what
//! only the missing part could prove.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::bench::{
    Dice, Outcome, all_samples, copy, files_below, is_plain, run_plain, table, text, write,
};
use clusterdx::detect::finding::Finding;
use clusterdx::detect::resolve::NodeSeen;
use clusterdx::detect::table::Owner;
use clusterdx::model::report::{Confidence, Evidence, Report};
use clusterdx::parse;

/// Cuts at line ends and at any byte, for each file.
const AT_LINES: usize = 8;
const AT_BYTES: usize = 3;

/// How the claims about cut logs fare in the whole one.
#[derive(Debug, Default)]
struct Tally {
    runs: usize,
    evidence: usize,
    stands: usize,
    wrong: Vec<String>,
}

#[test]
fn a_cut_log_claims_only_what_its_own_records_prove() {
    let mut dice = Dice(3);
    let mut tally = Tally::default();
    for sample in all_samples() {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&sample.folder.join("input"), folder.path());
        let whole = run_plain(folder.path(), &sample.options());
        // captures have tests of their own
        let texts = files_below(folder.path()).into_iter();
        for file in texts.filter(|file| !is_capture(file)) {
            let bytes = fs::read(&file).expect("a file");
            for cut in cuts(&bytes, &mut dice) {
                let what = format!("{} with {} cut at byte {cut}", sample.name, file.display());
                write(&file, &bytes[..cut]);
                let outcome = run_plain(folder.path(), &sample.options());
                tally.runs += 1;
                if is_plain(&file) {
                    tally.evidence += stands_there(&what, &outcome.report, &file, &bytes[..cut]);
                }
                let torn = torn(&outcome, &file, &bytes[..cut]);
                for finding in outcome
                    .findings
                    .iter()
                    .filter(|f| f.confidence > Confidence::Possible)
                {
                    judge(&what, finding, &outcome, &whole, torn, &mut tally);
                }
            }
            write(&file, &bytes);
        }
    }
    assert!(
        tally.wrong.is_empty(),
        "{} claims:\n{}",
        tally.wrong.len(),
        tally.wrong.join("\n")
    );
    println!("{tally:?}");
    assert!(
        tally.stands > 1000 && tally.evidence > 1000,
        "the samples prove little: {tally:?}"
    );
}

fn is_capture(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ending.starts_with("pcap"))
}

/// Every line end of a small file, some of a large one, and a few bytes in the middle of lines.
///
/// Not inside a row of a status: `10.48.54.76 : Connec` has a state of its own, and nothing in the
/// text tells that it is not the whole word. A log line that is torn lacks what a rule asks for.
fn cuts(bytes: &[u8], dice: &mut Dice) -> Vec<usize> {
    let mut ends: Vec<usize> = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1)
        .collect();
    if ends.len() > AT_LINES {
        dice.shuffle(&mut ends);
        ends.truncate(AT_LINES);
    }
    ends.push(0);
    let inside = (0..AT_BYTES).map(|_| dice.below(bytes.len()));
    ends.extend(inside.filter(|at| !in_status_row(&bytes[..*at])));
    ends
}

fn in_status_row(kept: &[u8]) -> bool {
    let line = kept.rsplit(|byte| *byte == b'\n').next().unwrap_or(kept);
    let address = line
        .trim_ascii_start()
        .split(u8::is_ascii_whitespace)
        .next();
    let address = address.and_then(|text| std::str::from_utf8(text).ok());
    address.is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok())
}

/// All the evidence of a report, and whether it has to show the text: what is measured over many
/// records, such as the difference of two clocks, may name a place only.
fn evidence(report: &Report) -> Vec<(bool, &Evidence)> {
    let mut all: Vec<(bool, &Evidence)> = Vec::new();
    for cluster in &report.clusters {
        let diagnoses = cluster.diagnoses.iter().flat_map(|d| &d.evidence);
        let ruled_out = cluster.ruled_out.iter().flat_map(|r| &r.evidence);
        let facts = cluster.facts.iter().flat_map(|f| &f.evidence);
        all.extend(diagnoses.chain(ruled_out).map(|evidence| (true, evidence)));
        let states = cluster.states.iter().flat_map(|s| &s.evidence);
        let views = cluster.views.iter().flat_map(|v| &v.evidence);
        all.extend(
            facts
                .chain(states)
                .chain(views)
                .map(|evidence| (false, evidence)),
        );
    }
    all
}

/// Evidence from a file stands in the kept part, at the line it names. Returns how much there is.
/// The lines of a text that had to be repaired are put together anew, so only their numbers count.
fn stands_there(what: &str, report: &Report, file: &Path, kept: &[u8]) -> usize {
    let origin = text(file);
    let head = &kept[..kept.len().min(64 << 10)];
    let repaired = parse::choose(head).is_some_and(|choice| choice.repair)
        || parse::encoding::Decoder::detect(head).is_some();
    let lines: Vec<&[u8]> = kept.split_inclusive(|byte| *byte == b'\n').collect();
    let mut seen = 0;
    let here = evidence(report).into_iter();
    for (shown, evidence) in here.filter(|(_, e)| e.origin == origin) {
        seen += 1;
        let number =
            usize::try_from(evidence.line.expect("logs have lines")).expect("a small file");
        let line = number.checked_sub(1).and_then(|at| lines.get(at));
        let line =
            line.unwrap_or_else(|| panic!("{what}: line {number} is not there: {evidence:?}"));
        let line = String::from_utf8_lossy(line);
        let first = evidence
            .excerpt
            .lines()
            .next()
            .unwrap_or("")
            .trim_end_matches('…')
            .trim();
        assert!(
            repaired || (line.contains(first) && !(shown && first.is_empty())),
            "{what}: line {number} is not {first:?} but {line:?}"
        );
    }
    seen
}

/// What is claimed as likely or certain about a cut log holds for the whole one: the same fault,
/// or one that replaces it, is found there between the same nodes (a node that the cut log could
/// not name fits any), or proved by the same record, whose node a later fact names otherwise. A
/// record behind the cut may clear a finding, go on with it or explain it; none of that takes it
/// back. Of a record that is itself torn only the fault has to hold: half a name is a name.
///
/// Records without a time, such as screens, are an exception: a later screen behind the cut takes
/// the place of the earlier one, and what the earlier one proved is over.
///
/// A fault could lose it rightly: when a record that a `none` names follows later, or a later
/// fact makes the peer a member. No sample needs that, so it is not allowed for here.
fn judge(
    what: &str,
    finding: &Finding,
    cut: &Outcome,
    whole: &Outcome,
    torn: Option<Record>,
    tally: &mut Tally,
) {
    let fault = &table().catalog.faults[finding.fault];
    let proof = records(cut, finding);
    let half_read = torn.is_some_and(|torn| proof.contains(&torn));
    let found = whole.findings.iter().any(|other| {
        let by = &table().catalog.faults[other.fault];
        let same_nodes = alike(cut.node(finding.node), whole.node(other.node))
            && alike(cut.node(finding.peer), whole.node(other.peer));
        let same_proof = || !records(whole, other).is_disjoint(&proof);
        (other.fault == finding.fault && (half_read || same_nodes || same_proof()))
            || (by.replaces.contains(&fault.id)
                && (same_nodes || alike(cut.node(finding.peer), whole.node(other.node))))
    });
    let found = found || taken_back(finding, cut, whole);
    tally.stands += usize::from(found);
    if !found {
        let label = |at| cut.node(at).map_or("-", NodeSeen::label);
        let (node, peer) = (label(finding.node), label(finding.peer));
        let claim = format!("{} on {node} about {peer}", fault.id);
        tally
            .wrong
            .push(format!("{what}: {claim} is not in the whole log"));
    }
}

/// A record without a time that clears the fault stands in the part that was cut off.
fn taken_back(finding: &Finding, cut: &Outcome, whole: &Outcome) -> bool {
    let signals = &table().catalog.faults[finding.fault];
    let clears = |outcome: &Outcome| -> BTreeSet<Record> {
        let hits = outcome.timeline.hits.iter();
        let own = hits.filter(|hit| {
            let entry = table().get(hit.signal).expect("a known signal");
            entry.owner == Owner::Fault(finding.fault)
                && signals.cleared_by.contains(&entry.place)
                && hit.time.micros.is_none()
        });
        own.map(|hit| (hit.file, hit.line)).collect()
    };
    !clears(whole).is_subset(&clears(cut))
}

/// File and line.
type Record = (u32, u64);

fn records(outcome: &Outcome, finding: &Finding) -> BTreeSet<Record> {
    let hit = |at: &usize| &outcome.timeline.hits[*at];
    let places = finding.hits.iter().map(hit);
    places.map(|hit| (hit.file, hit.line)).collect()
}

/// The line of a file that has no end.
fn torn(outcome: &Outcome, file: &Path, kept: &[u8]) -> Option<Record> {
    let files = outcome.collected.files.iter();
    let at = (0..)
        .zip(files)
        .find(|(_, seen)| seen.origin.as_str() == text(file))?
        .0;
    let lines = kept.iter().filter(|byte| **byte == b'\n').count() as u64;
    (kept.last() != Some(&b'\n')).then_some((at, lines + 1))
}

/// One of them is not known, or they share a name or an address.
fn alike(a: Option<&NodeSeen>, b: Option<&NodeSeen>) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return true;
    };
    let all = |node: &NodeSeen| -> Vec<String> {
        node.names
            .iter()
            .chain(&node.addresses)
            .map(|name| name.to_lowercase())
            .collect()
    };
    let theirs = all(b);
    all(a).iter().any(|name| theirs.contains(name))
}
