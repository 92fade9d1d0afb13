//! Pages as people get them: Markdown against golden files (`UPDATE=1` writes them anew), and HTML in
//! a real browser for phone, laptop and paper: nothing is loaded, nothing is complained about, nothing
//! is cut off, hostile text stays text, and a checker of accessibility finds nothing. Skips what needs
//! Chromium or axe-core where they are not installed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::print_stderr,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clusterdx::locale::Locale;
use clusterdx::model::report::Report;
use clusterdx::report::ladder::{Arrow, Capture, Drawn, Line, Stress};
use clusterdx::report::{self, Attached, Context, Known, Look, html, markdown};
use serde_json::{Value, json};

#[path = "common/browser.rs"]
mod browser;

use browser::Browser;

/// Samples that show every part of a page.
const SAMPLES: [&str; 6] = [
    "expressway/peer-lost-nested-archive",
    "expressway/clocks-apart",
    "cms/schema-upgrade-failed-log",
    "imp/ha-failover-stands",
    "net/tls-unknown-ca",
    "cms/healthy-syslog",
];

/// Width, whether it is a phone, what the page is for, and the scheme of its colours.
const VIEWS: [(u64, bool, &str, &str); 5] = [
    (390, true, "screen", "light"),
    (390, true, "screen", "dark"),
    (1280, false, "screen", "light"),
    (1280, false, "screen", "dark"),
    (718, false, "print", "light"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(sample: &str, format: &str, lang: &str) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_clusterdx"))
        .args(["diagnose", &format!("samples/{sample}/input")])
        .args(["--format", format, "--lang", lang, "--fail-on", "never"])
        .args(["--year", "2017"])
        .current_dir(root())
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(0), "{sample}: {told}");
    String::from_utf8(done.stdout).unwrap()
}

/// Writes pages to a folder.
fn written(pages: &[(&str, String)]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths = pages.iter().map(|(name, text)| {
        let path = folder.path().join(name).with_extension("html");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    });
    let paths = paths.collect();
    (folder, paths)
}

#[test]
fn markdown_of_samples() {
    for sample in ["expressway/peer-lost-nested-archive", "net/tls-unknown-ca"] {
        let text = page(sample, "markdown", "en");
        let (text, digest) = text.rsplit_once("sha256:").unwrap();
        assert_eq!(digest.trim_end().len(), 12);
        let name = sample.rsplit('/').next().unwrap();
        let path = root().join(format!("tests/golden/page-{name}.md"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, text).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            text == expected,
            "tests/golden/page-{name}.md differs: UPDATE=1 writes it anew\n{text}"
        );
    }
}

#[test]
fn pages_speak_the_language_they_name() {
    for (lang, word) in [
        ("en", "Root causes"),
        ("ko", "근본 원인"),
        ("pt-BR", "Causas raiz"),
    ] {
        let text = page("expressway/peer-lost-nested-archive", "html", lang);
        assert!(text.contains(&format!("<html lang=\"{lang}\">")), "{lang}");
        assert!(text.contains(word), "{lang}: {word}");
        for part in text.split("page.").skip(1) {
            let key = part.starts_with(|c: char| c.is_ascii_lowercase());
            assert!(!key, "{lang}: a key is shown: page.{part:.30}");
        }
        // commands and records are the same in every language
        assert!(text.contains("clusterdx explain expressway.cluster.peer-unreachable"));
        assert!(text.contains("Processed mnesia_down event from accessible node"));
    }
}

#[test]
fn pages_in_a_browser_load_nothing_and_fit() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let mut pages: Vec<(&str, String)> = SAMPLES
        .iter()
        .map(|sample| (*sample, page(sample, "html", "en")))
        .collect();
    pages.push(("korean", page(SAMPLES[0], "html", "ko")));
    let (_folder, paths) = written(&pages);
    for path in &paths {
        look(&mut browser, path);
    }
}

/// Opens a page in every view: it asks for itself only, says nothing, and nothing of it is cut off.
fn look(browser: &mut Browser, path: &Path) {
    browser.open(path);
    for (width, phone, media, scheme) in VIEWS {
        browser.view(width, phone, media, scheme);
        let wide = browser.value(
            "[...document.querySelectorAll('*')].filter(e => !e.closest('.wide, .command, .skip, .unseen, svg, thead') \
             && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.outerHTML.slice(0, 120))",
        );
        assert_eq!(wide, json!([]), "{} at {width}", path.display());
        let scrolls = browser
            .value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(scrolls, json!(0), "{} at {width}", path.display());
        if media == "print" {
            let hidden = browser.value(
                "[...document.querySelectorAll('details > :not(summary)')].filter(e => !e.checkVisibility({contentVisibilityAuto: true})).length",
            );
            assert_eq!(hidden, json!(0), "{}: folded on paper", path.display());
        }
    }
    let own = Value::from(format!("file://{}", path.display())).to_string();
    let only = BTreeMap::from([(own, 1)]);
    assert_eq!(browser.noise(), only, "{}", path.display());
}

/// The source of axe-core, or why the test skips.
fn axe() -> Option<String> {
    let at = Command::new("npm").args(["root", "-g"]).output().ok()?;
    let folder = String::from_utf8(at.stdout).ok()?;
    let source = fs::read_to_string(Path::new(folder.trim()).join("axe-core/axe.min.js")).ok();
    if source.is_none() {
        eprintln!("skipped: axe-core is not installed");
    }
    source
}

#[test]
fn a_checker_of_accessibility_finds_nothing() {
    let (Some(mut browser), Some(axe)) = (Browser::start(), axe()) else {
        return;
    };
    let mut pages: Vec<(&str, String)> = SAMPLES
        .iter()
        .map(|sample| (*sample, page(sample, "html", "en")))
        .collect();
    pages.push(("hostile", hostile()));
    let (_folder, paths) = written(&pages);
    // the checker is a script, which the policy of the page forbids
    browser.call("Page.setBypassCSP", json!({"enabled": true}));
    for path in &paths {
        browser.open(path);
        browser.value(&format!("{axe};1"));
        for (width, phone, media, scheme) in VIEWS.into_iter().filter(|view| view.2 == "screen") {
            browser.view(width, phone, media, scheme);
            let found = browser.value(
                "axe.run(document, {resultTypes: ['violations']}).then(all => all.violations.map(one => \
                 one.id + ': ' + one.nodes.slice(0, 2).map(node => node.html.slice(0, 160) + ' ' + node.failureSummary).join(' | ')))",
            );
            assert_eq!(found, json!([]), "{} at {width} {scheme}", path.display());
        }
    }
}

/// What somebody may have written into a log, a name or a capture.
const HOSTILE: [&str; 9] = [
    "</style><script>window.pwned=1</script>",
    "\"><img src=x onerror=\"window.pwned=1\">",
    "' onmouseover='window.pwned=1' x='",
    "&lt;script&gt;window.pwned=1&lt;/script&gt;&#60;b&#62;",
    "]]><!-- --!><svg onload=window.pwned=1>",
    "javascript:window.pwned=1 http://evil.example/x.js",
    "\u{202e}\u{2066}right to left\u{2069} \u{200b}hidden",
    "</title></textarea></pre></code><base href=//evil.example/>",
    "\u{0}\u{1b}[2J\u{9b}31m <a href=javascript:window.pwned=1>x</a>",
];

/// Puts hostile text wherever a value of a report is a text that nobody of us chose.
fn poison(value: &mut Value, dice: &mut usize) {
    const OURS: [&str; 11] = [
        "schema",
        "product",
        "verdict",
        "role",
        "severity",
        "confidence",
        "time_certainty",
        "status",
        "type",
        "arrow",
        "stress",
    ];
    match value {
        Value::String(text) => {
            *dice += 1;
            *text = format!("{} {text}", HOSTILE[*dice % HOSTILE.len()]);
        }
        Value::Array(list) => list.iter_mut().for_each(|one| poison(one, dice)),
        Value::Object(fields) => {
            let given = fields
                .iter_mut()
                .filter(|(name, _)| !OURS.contains(&name.as_str()));
            given.for_each(|(_, one)| poison(one, dice));
        }
        _ => {}
    }
}

fn sample(sample: &str) -> Value {
    serde_json::from_str(&page(sample, "json", "en")).unwrap()
}

fn rendered(id: &str, report: &Report, attached: &Attached) -> String {
    let words = ["en", "ko", "pt-BR"].map(|lang| {
        let path = root().join(format!("rules/locales/{lang}.yaml"));
        let text = fs::read_to_string(path).unwrap();
        (lang.to_owned(), serde_saphyr::from_str(&text).unwrap())
    });
    let locale = Locale::new(&BTreeMap::from(words), "en");
    let known = Known::default();
    let look = Look {
        locale: &locale,
        width: 80,
        year: None,
        colour: false,
        known: &known,
        attached,
    };
    let mut out = Vec::new();
    let form = report::find(id).unwrap();
    form.write(report, &look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A page of which every name, text and record is hostile, packets included.
fn hostile() -> String {
    let mut dice = 0;
    let mut told = sample("imp/ha-failover-stands");
    let more = sample("net/tls-unknown-ca");
    let flow = more["clusters"][0]["diagnoses"][0]["flow"].clone();
    let clusters = told["clusters"].as_array_mut().unwrap();
    clusters.extend(more["clusters"].as_array().unwrap().clone());
    poison(&mut told, &mut dice);
    // the times stay, so that there is something to draw
    for cluster in told["clusters"].as_array_mut().unwrap() {
        for one in cluster["diagnoses"].as_array_mut().unwrap() {
            one["first_seen"] = json!("2026-03-02T15:15:04Z");
            one["last_seen"] = json!("2026-03-02T15:16:30Z");
            one["flow"] = flow.clone();
        }
    }
    let title = flow.as_str().unwrap().to_owned();
    let (one, other) = title.split_once(" > ").unwrap();
    let line = |text: &&str, stress| Line {
        frame: (*text).to_owned(),
        time: (*text).to_owned(),
        arrow: Arrow::Forth,
        place: (*text).to_owned(),
        assumed: (*text).to_owned(),
        text: (*text).to_owned(),
        stress,
    };
    let records = HOSTILE.iter().map(|text| line(text, Stress::Record));
    let packets = HOSTILE.iter().map(|text| line(text, Stress::Plain));
    let capture = Capture {
        origin: HOSTILE[0].to_owned(),
        notes: HOSTILE.map(str::to_owned).to_vec(),
        ends: [HOSTILE[1].to_owned(), HOSTILE[2].to_owned()],
        lines: records.chain(packets).collect(),
        ..Capture::default()
    };
    let report: Report = serde_json::from_value(told).unwrap();
    let evidence = &report.clusters[0].diagnoses[0].evidence[0];
    let attached = Attached {
        flows: vec![Drawn {
            title: title.clone(),
            ends: [one.to_owned(), other.to_owned()],
            found: HOSTILE.map(str::to_owned).to_vec(),
            captures: vec![capture],
            display_filter: HOSTILE[3].to_owned(),
            commands: HOSTILE.map(str::to_owned).to_vec(),
            more: None,
        }],
        contexts: vec![Context {
            origin: evidence.origin.clone(),
            line: evidence.line.unwrap(),
            before: HOSTILE.map(str::to_owned).to_vec(),
            after: HOSTILE.map(str::to_owned).to_vec(),
        }],
        ..Attached::default()
    };
    rendered("html", &report, &attached)
}

#[test]
fn hostile_text_stays_text() {
    let text = hostile();
    for c in text.chars().filter(|c| *c != '\n') {
        assert!(
            !c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c),
            "{c:?}"
        );
    }
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_folder, paths) = written(&[("hostile", text)]);
    look(&mut browser, &paths[0]);
    let live = browser.value(
        "[...document.querySelectorAll('script, img, iframe, object, embed, link, base, form, input, textarea, foreignObject')].length \
         + [...document.querySelectorAll('a')].filter(a => !a.getAttribute('href').startsWith('#')).length \
         + [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on') || a.name == 'style')).length",
    );
    assert_eq!(live, json!(0));
    assert_eq!(browser.value("typeof window.pwned"), json!("undefined"));
    assert_eq!(
        browser.value("document.querySelectorAll('style').length"),
        json!(1)
    );
    let shown = browser.value("document.body.textContent");
    let shown = shown.as_str().unwrap();
    for text in HOSTILE
        .iter()
        .filter(|text| text.is_ascii() && !text.contains('\0'))
    {
        assert!(shown.contains(text), "{text} is not shown as it is");
    }
    assert!(shown.contains("\\u{202e}\\u{2066}right to left"));
}

/// A report of thousands of grave incidents whose records are as long and as hostile as can be.
fn largest() -> Report {
    let mut told = sample("expressway/peer-lost-nested-archive");
    let cluster = told["clusters"][0].clone();
    let mut grave = cluster["diagnoses"][0].clone();
    grave["evidence"] = json!(vec![
        json!({"origin": "<\"'&".repeat(60), "line": 1, "frame": null, "time": null, "excerpt": "<\"'&`\u{202e}".repeat(70)});
        8
    ]);
    let mut full = cluster.clone();
    full["diagnoses"] = (0..60)
        .map(|at| {
            let mut one = grave.clone();
            one["id"] = json!(format!("{at:012x}"));
            one["fault"] = json!(format!("a.b.c{at}"));
            one
        })
        .collect();
    told["clusters"] = json!(vec![full; 50]);
    told["coverage"] = json!(vec![told["coverage"][0].clone(); 5000]);
    serde_json::from_value(told).unwrap()
}

#[test]
fn the_largest_report_is_a_small_page_that_says_what_it_leaves_out() {
    let report = largest();
    let text = rendered("html", &report, Attached::NOTHING);
    assert!(text.len() <= html::CAP, "{} bytes", text.len());
    assert!(
        text.len() > html::CAP / 8,
        "more would fit: {} bytes",
        text.len()
    );
    assert!(text.contains("more ("));
    assert!(text.trim_end().ends_with("</html>"));
    let text = rendered("markdown", &report, Attached::NOTHING);
    assert!(text.len() <= markdown::CAP, "{} bytes", text.len());
    assert!(text.contains("more ("));
}
