//! Active checks that change nothing: they ask a live system and say what is wrong with it.
//!
//! The external database of IM and Presence is the first one. Everything a server says is taken
//! as hostile: bounded here, made safe where it is printed. Nothing is ever written to it: every
//! question runs in a transaction that is read-only and rolled back.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

mod access;
mod chat;
mod finding;
pub mod hba;
mod login;
mod merge;
mod metered;
mod other;
mod postgres;
mod reach;
mod server;
mod session;
mod tls;
mod url;
mod version;

pub use crate::model::secret::Secret;
pub use finding::{Finding, Outcome};
pub use url::{Engine, SslMode, Url, WrongUrl};

use crate::catalog::Release;
use tls::{Answer, Trust};

/// What is to be checked, and with what.
pub struct Question<'a> {
    /// The database.
    pub url: &'a Url,
    /// The password, where it is known already.
    pub password: Option<Secret>,
    /// Asks for the password when the server wants one and none is known.
    pub prompt: &'a dyn Fn() -> Option<Secret>,
    /// Authorities that are trusted, in PEM form.
    pub roots: Option<&'a [u8]>,
    /// Names or addresses of the nodes of the redundancy group.
    pub nodes: &'a [String],
    /// The release of IM and Presence, if it is known.
    pub release: Option<&'a Release>,
    /// All releases that are known.
    pub releases: &'a [Release],
    /// Time for each connection and each answer.
    pub limit: Duration,
}

/// What the checks found.
#[derive(Debug, Default)]
pub struct Checked {
    /// One or more for each check, in order.
    pub findings: Vec<Finding>,
    /// The address that answered.
    pub address: Option<SocketAddr>,
    /// Version of the server, as it says.
    pub version: Option<String>,
    /// Whether the session ran over TLS.
    pub tls: Option<bool>,
    /// The server itself said something that can be judged.
    pub reached: bool,
}

/// Why checks cannot even begin.
#[derive(Debug, thiserror::Error)]
pub enum Unable {
    /// The file with the authorities cannot be used.
    #[error("the file of sslrootcert cannot be used: {0}")]
    Roots(&'static str),
    /// The system gives no timer or poller.
    #[error("the system refuses what connections need")]
    Runtime(#[from] io::Error),
}

/// The question with what was made of it.
struct Asked<'a> {
    url: &'a Url,
    password: Option<Secret>,
    prompt: &'a dyn Fn() -> Option<Secret>,
    trust: Trust,
    nodes: &'a [String],
    release: Option<&'a Release>,
    releases: &'a [Release],
    limit: Duration,
}

/// Checks an external database.
///
/// # Errors
/// When not even a connection can be tried.
pub fn external_database(question: Question<'_>) -> Result<Checked, Unable> {
    let trust = Trust::new(question.url.sslmode, question.roots).map_err(Unable::Roots)?;
    let asked = Asked {
        url: question.url,
        password: question.password,
        prompt: question.prompt,
        trust,
        nodes: question.nodes,
        release: question.release,
        releases: question.releases,
        limit: question.limit,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let checked = runtime.block_on(all(&asked));
    // a look-up of a name that hangs is not waited for
    runtime.shutdown_background();
    Ok(checked)
}

async fn all(asked: &Asked<'_>) -> Checked {
    let url = asked.url;
    let (reached, mut checked) = match reach::reach(&url.host, url.port, asked.limit).await {
        Ok(reached) => {
            let address = reached.address;
            let mut checked = behind(asked, reached.stream, address).await;
            checked.address = Some(address);
            (reached.finding, checked)
        }
        Err(finding) => (finding, unreachable(url.engine)),
    };
    checked.findings.insert(0, reached);
    checked
}

/// Everything behind an open port.
async fn behind(asked: &Asked<'_>, stream: TcpStream, address: SocketAddr) -> Checked {
    match asked.url.engine {
        Engine::Postgresql => match first_answer(stream, asked.limit).await {
            Ok(answer) => postgres::check(asked, address, answer).await,
            Err(finding) => {
                let mut findings = vec![finding];
                postgres::skip_rest(&mut findings, "check.skipped.no_protocol");
                only(findings)
            }
        },
        engine => only(other::checks(engine, &supported(asked))),
    }
}

/// What is not tried without a connection.
fn unreachable(engine: Engine) -> Checked {
    const KEY: &str = "check.skipped.unreachable";
    let mut findings = Vec::new();
    match engine {
        Engine::Postgresql => postgres::skip_rest(&mut findings, KEY),
        engine => {
            let checks = other::checks(engine, "");
            findings.extend(checks.iter().map(|check| Finding::skipped(check.id, KEY)));
        }
    }
    only(findings)
}

fn only(findings: Vec<Finding>) -> Checked {
    Checked {
        findings,
        ..Checked::default()
    }
}

async fn first_answer(mut stream: TcpStream, limit: Duration) -> Result<Answer, Finding> {
    const ID: &str = "protocol";
    match timeout(limit, tls::ask(&mut stream)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Finding::problem(ID, "check.protocol.closed").saw(error.to_string())),
        Err(_) => {
            Err(Finding::problem(ID, "check.protocol.silent").place("seconds", limit.as_secs_f32()))
        }
    }
}

/// The versions that the release, or each known one, supports, as text.
fn supported(asked: &Asked<'_>) -> String {
    let engine = asked.url.engine.as_str();
    if let Some(release) = asked.release {
        return release.supported(engine);
    }
    let each = asked.releases.iter().filter_map(|release| {
        let versions = release.supported(engine);
        (!versions.is_empty()).then(|| format!("{} ({})", versions, release.release))
    });
    each.collect::<Vec<_>>().join(", ")
}
