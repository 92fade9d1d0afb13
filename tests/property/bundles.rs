//! However the logs of a cluster are packed, doubled or cut into overlapping files, they tell the
//! same.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use clusterdx::model::report::{Cluster, Report};
use clusterdx::pipeline::{Engine, Options};

use super::bench::{
    Dice, Outcome, all_samples, copy, files_below, is_plain, run, run_plain, text, write,
};

/// The files of one node by name.
type Bundle = Vec<(String, Vec<u8>)>;

/// The clusters without the places where text stands.
fn told(report: &Report) -> String {
    let mut clusters = report.clusters.clone();
    clusters.iter_mut().for_each(forget_places);
    serde_json::to_string_pretty(&clusters).expect("plain data")
}

fn forget_places(cluster: &mut Cluster) {
    let of_diagnoses = cluster.diagnoses.iter_mut().flat_map(|d| &mut d.evidence);
    let of_facts = cluster.facts.iter_mut().flat_map(|f| &mut f.evidence);
    let of_states = cluster.states.iter_mut().flat_map(|s| &mut s.evidence);
    let of_views = cluster.views.iter_mut().flat_map(|v| &mut v.evidence);
    let of_ruled_out = cluster.ruled_out.iter_mut().flat_map(|r| &mut r.evidence);
    of_diagnoses
        .chain(of_facts)
        .chain(of_states)
        .chain(of_views)
        .chain(of_ruled_out)
        .for_each(|evidence| evidence.origin.clear());
}

fn bundle(folder: &Path) -> Bundle {
    let name = |path: &Path| text(path.strip_prefix(folder).expect("it is below"));
    files_below(folder)
        .iter()
        .map(|path| (name(path), fs::read(path).expect("a file")))
        .collect()
}

fn tar(files: &Bundle) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_597_262_400);
        tar.append_data(&mut header, name, bytes.as_slice())
            .expect("a tar in memory");
    }
    tar.into_inner().expect("a tar in memory")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).expect("a gzip in memory");
    gzip.finish().expect("a gzip in memory")
}

fn zip(files: &Bundle) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default())
            .expect("a zip in memory");
        zip.write_all(bytes).expect("a zip in memory");
    }
    zip.finish().expect("a zip in memory").into_inner()
}

/// Clusters of two nodes: every sample with a folder for each, and a lost peer with the log of
/// the peer beside it.
fn pairs() -> Vec<(String, [Bundle; 2])> {
    let mut pairs = Vec::new();
    for sample in all_samples()
        .iter()
        .filter(|s| s.name.starts_with("expressway"))
    {
        let input = sample.folder.join("input");
        let nodes = [input.join("expc01"), input.join("expc02")];
        if nodes.iter().all(|node| node.is_dir()) {
            pairs.push((sample.name.clone(), nodes.map(|node| bundle(&node))));
        }
    }
    let folder = |name: &str| {
        all_samples()
            .iter()
            .find(|s| s.name == name)
            .expect("the sample")
            .folder
            .join("input")
    };
    let lost = bundle(&folder("expressway/peer-lost"));
    let other = bundle(&folder("expressway/healthy-replication").join("expc02"));
    pairs.push(("a lost peer beside a healthy one".to_owned(), [lost, other]));
    pairs
}

#[test]
fn the_packing_of_two_nodes_does_not_matter() {
    let pairs = pairs();
    assert!(pairs.len() > 4, "{} pairs", pairs.len());
    for (name, [one, two]) in pairs {
        let folder = tempfile::tempdir().expect("a folder");
        let place = |name: &str| folder.path().join(name);
        for (node, files) in [("expc01", &one), ("expc02", &two)] {
            files
                .iter()
                .for_each(|(name, bytes)| write(&place("folders").join(node).join(name), bytes));
            write(&place(&format!("{node}.tar.gz")), &gzip(&tar(files)));
            write(&place(&format!("{node}.zip")), &zip(files));
        }
        let archives = vec![
            ("expc01.tar.gz".to_owned(), gzip(&tar(&one))),
            ("expc02.tar.gz".to_owned(), gzip(&tar(&two))),
        ];
        let turned: Bundle = archives.iter().rev().cloned().collect();
        write(&place("both.zip"), &zip(&archives));
        write(&place("turned.zip"), &zip(&turned));
        write(&place("both.tar"), &tar(&turned));
        let flat = |node: &str, files: &Bundle| -> Bundle {
            files
                .iter()
                .map(|(name, bytes)| (format!("{node}/{name}"), bytes.clone()))
                .collect()
        };
        write(
            &place("flat.zip"),
            &zip(&[flat("expc02", &two), flat("expc01", &one)].concat()),
        );

        let report = |names: &[&str]| {
            let paths: Vec<String> = names.iter().map(|name| text(&place(name))).collect();
            told(&run(&paths, &Options::default(), &Engine::default()).report)
        };
        let wanted = report(&["folders"]);
        for packed in [
            &["folders/expc01", "folders/expc02"][..],
            &["folders/expc02", "folders/expc01"],
            &["expc01.tar.gz", "expc02.tar.gz"],
            &["expc02.tar.gz", "expc01.tar.gz"],
            &["expc02.zip", "expc01.tar.gz"],
            &["both.zip"],
            &["turned.zip"],
            &["both.tar"],
            &["flat.zip"],
        ] {
            assert_eq!(report(packed), wanted, "{name} as {packed:?}");
        }
    }
}

/// What does not depend on how often something without a time was seen: each status is an
/// observation of its own, even if it is the same text.
fn timeless(report: &Report) -> String {
    let mut report = report.clone();
    for diagnosis in report
        .clusters
        .iter_mut()
        .flat_map(|c| &mut c.diagnoses)
        .filter(|d| d.first_seen.is_none())
    {
        diagnosis.count = 0;
        diagnosis.summary.clear();
        diagnosis.evidence.clear();
    }
    told(&report)
}

#[test]
fn a_log_given_twice_counts_once() {
    let mut counted = 0;
    for sample in all_samples() {
        let input = sample.folder.join("input");
        for (what, doubled) in [
            ("beside itself", "input"),
            ("in a folder of its own", "again"),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            copy(&input, &folder.path().join("input"));
            let once = run_plain(folder.path(), &sample.options()).report;
            // a certificate, or what is said of one, in another folder is another node's
            let own = ["certificate", "cms.pki"];
            if once
                .coverage
                .iter()
                .any(|c| own.iter().any(|format| c.format.contains(format)))
            {
                continue;
            }
            for file in files_below(&input) {
                let name = file.strip_prefix(&input).expect("it is below");
                let place = folder
                    .path()
                    .join(doubled)
                    .join(format!("{}.1", text(name)));
                write(&place, &fs::read(&file).expect("a file"));
            }
            let twice = run_plain(folder.path(), &sample.options()).report;
            assert_eq!(timeless(&twice), timeless(&once), "{} {what}", sample.name);
            counted += once
                .clusters
                .iter()
                .flat_map(|c| &c.diagnoses)
                .filter(|d| d.first_seen.is_some())
                .count();
        }
    }
    assert!(counted > 100, "only {counted} dated diagnoses");
}

/// The incidents with their counts.
fn counts(
    outcome: &Outcome,
) -> (
    std::collections::BTreeSet<super::bench::Incident>,
    Vec<(&'static str, u64)>,
) {
    let mut counts: Vec<(&str, u64)> = outcome
        .findings
        .iter()
        .map(|f| (outcome.fault(f), f.count))
        .collect();
    counts.sort_unstable();
    (outcome.incidents(), counts)
}

#[test]
fn pieces_that_overlap_tell_what_the_whole_log_tells() {
    let mut dice = Dice(4);
    let mut tried = 0;
    for sample in all_samples()
        .iter()
        .filter(|s| s.name.starts_with("expressway"))
    {
        for file in files_below(&sample.folder.join("input"))
            .iter()
            .filter(|file| is_plain(file))
        {
            let bytes = fs::read(file).expect("a file");
            let Some(records) = super::late::records(&bytes) else {
                continue;
            };
            let folder = tempfile::tempdir().expect("a folder");
            write(&folder.path().join("whole/log"), &bytes);
            let whole = run_plain(&folder.path().join("whole"), &sample.options());
            for _ in 0..4 {
                // groups of one instant stay together: across files their order is not known
                let from = dice.below(records.len() + 1);
                let to = from + dice.below(records.len() + 1 - from);
                write(&folder.path().join("pieces/log.1"), &records[..to].concat());
                write(
                    &folder.path().join("pieces/log.2"),
                    &records[from..].concat(),
                );
                let pieces = run_plain(&folder.path().join("pieces"), &sample.options());
                assert_eq!(
                    counts(&pieces),
                    counts(&whole),
                    "{} from {from} and to {to}",
                    sample.name
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "only {tried} cuts");
}
