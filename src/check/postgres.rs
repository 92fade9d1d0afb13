//! The checks of a PostgreSQL server, one after the other: each stands on the ones before.

use std::net::SocketAddr;

use crate::model::secret::Secret;

use super::finding::Finding;
use super::metered::Metered;
use super::session::{Login, Refusal, Session};
use super::tls::{self, Answer, Told};
use super::url::SslMode;
use super::{Asked, Checked, access, chat, login, merge, reach, server, version};

/// What is checked before there is a session, and over one, in this order.
pub(super) const BEFORE: [&str; 4] = ["protocol", "tls", "login", "database"];
pub(super) const INSIDE: [&str; 9] = [
    "version",
    "writable",
    "encoding",
    "connections",
    "rights",
    "dblink",
    "access",
    "tables",
    "sequence",
];

/// Runs all checks.
pub(super) async fn check(asked: &Asked<'_>, address: SocketAddr, offered: Answer) -> Checked {
    let mut checked = Checked::default();
    let Some(offered) = speaks(&offered, &mut checked.findings) else {
        skip_rest(&mut checked.findings, "check.skipped.no_protocol");
        return checked;
    };
    let login = Login {
        user: asked.url.user.clone().unwrap_or_default(),
        database: asked.url.database.clone().unwrap_or_default(),
        password: asked.password.clone(),
    };
    let door = Door {
        asked,
        address,
        offered,
    };
    match door.login(login).await {
        Ok(inside) => {
            checked.reached = true;
            checked.tls = Some(inside.over_tls);
            let tls = door.tls_of(&inside).await;
            checked.findings.push(tls);
            checked.findings.push(login::entered(&inside.login));
            checked.findings.push(
                Finding::ok("database", "check.database.ok")
                    .place("database", &inside.login.database),
            );
            look_around(asked, &inside, &mut checked).await;
        }
        Err(refused) => {
            checked.reached = refused.is_told();
            door.explain(refused, &mut checked.findings).await;
            skip_rest(&mut checked.findings, "check.skipped.no_login");
        }
    }
    checked
}

/// Says of every check that has no finding yet that it was not tried.
pub(super) fn skip_rest(findings: &mut Vec<Finding>, key: &'static str) {
    for id in BEFORE.into_iter().chain(INSIDE) {
        if !findings.iter().any(|found| found.id == id) {
            findings.push(Finding::skipped(id, key));
        }
    }
}

/// Whether TLS is offered, if it is PostgreSQL that speaks.
fn speaks(answer: &Answer, findings: &mut Vec<Finding>) -> Option<bool> {
    const ID: &str = "protocol";
    let finding = match answer {
        Answer::Offered | Answer::None => Finding::ok(ID, "check.protocol.ok"),
        Answer::Closed => Finding::problem(ID, "check.protocol.closed"),
        Answer::Other(bytes) => {
            Finding::problem(ID, "check.protocol.other").saw(String::from_utf8_lossy(bytes))
        }
    };
    findings.push(finding);
    match answer {
        Answer::Offered => Some(true),
        Answer::None => Some(false),
        Answer::Closed | Answer::Other(_) => None,
    }
}

async fn look_around(asked: &Asked<'_>, inside: &Inside, checked: &mut Checked) {
    let (session, login) = (&inside.session, &inside.login);
    let found = match server::version(session).await {
        Ok(version) => {
            let found = version::check(&version, asked.release, asked.releases);
            checked.version = Some(version).filter(|version| !version.is_empty());
            found
        }
        Err(refusal) => server::unknown("version", &refusal),
    };
    let findings = &mut checked.findings;
    findings.push(found);
    findings.push(server::writable(session, login).await);
    findings.push(server::encoding(session, login).await);
    findings.push(server::connections(session).await);
    findings.push(merge::rights(session, login).await);
    findings.push(merge::dblink(session, login).await);
    findings.extend(access::check(session, login, asked.nodes, asked.limit).await);
    let tables = chat::tables(session, login).await;
    findings.push(tables.finding);
    findings.push(match tables.schema {
        Some(schema) => chat::sequence(session, &schema).await,
        None => Finding::skipped("sequence", "check.skipped.no_tables"),
    });
}

/// A session, and how it came about.
struct Inside {
    session: Session,
    login: Login,
    over_tls: bool,
    told: Told,
}

/// Why there is no session.
enum Refused {
    /// TLS did not begin.
    Tls(String, Told),
    /// The URL wants TLS and the server has none.
    NoTls,
    /// The server refused, over TLS or in clear.
    Login(Refusal, Login, bool),
}

impl Refused {
    /// True when the server itself said why, so that something is known about it.
    fn is_told(&self) -> bool {
        matches!(
            self,
            Self::Login(Refusal::Said(_) | Refusal::Unsupported(_), ..)
        )
    }

    /// True when another way may do.
    fn tries_on(&self) -> bool {
        match self {
            Self::Tls(..) => true,
            Self::NoTls => false,
            Self::Login(refusal, ..) => login::by_access_rules(refusal),
        }
    }
}

/// The way to a server.
struct Door<'a> {
    asked: &'a Asked<'a>,
    address: SocketAddr,
    offered: bool,
}

impl Door<'_> {
    /// Logs in the way the URL says.
    async fn login(&self, mut login: Login) -> Result<Inside, Refused> {
        let ways: &[bool] = match (self.asked.url.sslmode, self.offered) {
            (SslMode::Disable, _) | (SslMode::Allow | SslMode::Prefer, false) => &[false],
            (SslMode::Allow, true) => &[false, true],
            (SslMode::Prefer, true) => &[true, false],
            (SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull, true) => &[true],
            (_, false) => return Err(Refused::NoTls),
        };
        let mut first = None;
        for over_tls in ways {
            match self.enter(&mut login, *over_tls).await {
                Ok(inside) => return Ok(inside),
                Err(refused) => {
                    let on = refused.tries_on();
                    first.get_or_insert(refused);
                    if !on {
                        break;
                    }
                }
            }
        }
        Err(first.unwrap_or(Refused::NoTls))
    }

    /// One way in; the password is asked for when the server wants one.
    async fn enter(&self, login: &mut Login, over_tls: bool) -> Result<Inside, Refused> {
        let mut tried = self.open(login, over_tls).await;
        if matches!(tried, Err(Refused::Login(Refusal::PasswordWanted, ..)))
            && let Some(password) = (self.asked.prompt)()
        {
            login.password = Some(password);
            tried = self.open(login, over_tls).await;
        }
        let (session, told) = tried?;
        Ok(Inside {
            session,
            login: login.clone(),
            over_tls,
            told,
        })
    }

    async fn open(&self, login: &Login, over_tls: bool) -> Result<(Session, Told), Refused> {
        let refused = |refusal| Refused::Login(refusal, login.clone(), over_tls);
        let (stream, told) = self.stream(login, over_tls).await?;
        let session = Session::open(stream, login, self.asked.limit).await;
        session.map(|session| (session, told)).map_err(refused)
    }

    async fn stream(&self, login: &Login, over_tls: bool) -> Result<(Metered, Told), Refused> {
        let limit = self.asked.limit;
        let broken = |error: &std::io::Error| {
            Refused::Login(Refusal::Broken(error.to_string()), login.clone(), over_tls)
        };
        let mut stream = reach::connect(self.address, limit)
            .await
            .map_err(|e| broken(&e))?;
        if !over_tls {
            return Ok((Metered::new(stream), Told::default()));
        }
        let silent = || Refused::Login(Refusal::Silent, login.clone(), over_tls);
        let answer = tokio::time::timeout(limit, tls::ask(&mut stream)).await;
        match answer.map_err(|_| silent())?.map_err(|e| broken(&e))? {
            Answer::Offered => {}
            _ => return Err(Refused::NoTls),
        }
        let begun = tls::begin(stream, &self.asked.url.host, &self.asked.trust);
        match tokio::time::timeout(limit, begun).await {
            Err(_) => Err(silent()),
            Ok(Ok((stream, told))) => Ok((Metered::new(stream), told)),
            Ok(Err((error, told))) => Err(Refused::Tls(error.to_string(), told)),
        }
    }

    /// Whether the server would let the role try over the other way. No password is sent.
    async fn other_way(&self, login: &Login, over_tls: bool) -> Result<(), Option<Refusal>> {
        let login = Login {
            password: None::<Secret>,
            ..login.clone()
        };
        match self.open(&login, over_tls).await {
            Ok(_) => Ok(()),
            Err(Refused::Login(Refusal::PasswordWanted | Refusal::Unsupported(_), ..)) => Ok(()),
            Err(Refused::Login(refusal, ..)) => Err(Some(refusal)),
            Err(Refused::Tls(..) | Refused::NoTls) => Err(None),
        }
    }

    /// What there is to say about TLS after a login.
    async fn tls_of(&self, inside: &Inside) -> Finding {
        const ID: &str = "tls";
        let finding = match (inside.over_tls, self.offered) {
            (false, false) => Finding::ok(ID, "check.tls.none"),
            (false, true) => Finding::ok(ID, "check.tls.not_used"),
            (true, _) => match self.other_way(&inside.login, false).await {
                Ok(()) => Finding::ok(ID, "check.tls.both"),
                Err(Some(refusal)) if login::by_access_rules(&refusal) => {
                    self.demanded(&inside.login).saw(refusal.evidence())
                }
                Err(refusal) => Finding::unknown(ID, "check.tls.clear_unknown").saw(
                    refusal
                        .map(|refusal| refusal.evidence())
                        .unwrap_or_default(),
                ),
            },
        };
        with(finding, &inside.told)
    }

    fn demanded(&self, login: &Login) -> Finding {
        let finding = Finding::problem("tls", "check.tls.demanded").place("user", &login.user);
        let nodes = self.asked.nodes.iter().filter_map(|node| node.parse().ok());
        nodes.fold(finding, |finding, node| {
            finding.mend(super::hba::line_for(
                &login.database,
                &login.user,
                node,
                "md5",
            ))
        })
    }

    /// Puts a refusal into findings.
    async fn explain(&self, refused: Refused, findings: &mut Vec<Finding>) {
        const ID: &str = "tls";
        let mode = self.asked.url.sslmode.as_str();
        match refused {
            Refused::NoTls => {
                findings.push(Finding::unknown(ID, "check.tls.missing").place("mode", mode));
            }
            Refused::Tls(error, told) => {
                let key = match &told.untrusted {
                    Some(_) => "check.tls.untrusted",
                    None => "check.tls.failed",
                };
                let finding = Finding::problem(ID, key).place("mode", mode).saw(error);
                findings.push(with(finding, &told));
            }
            Refused::Login(refusal, login, over_tls) => {
                let by_rules = login::by_access_rules(&refusal);
                let tls = match (over_tls, self.offered) {
                    (_, false) => Finding::ok(ID, "check.tls.none"),
                    (false, true) if by_rules && self.other_way(&login, true).await.is_ok() => {
                        self.demanded(&login).saw(refusal.evidence())
                    }
                    _ => Finding::skipped(ID, "check.skipped.no_login"),
                };
                findings.push(tls);
                findings.extend(login::refused(&refusal, &login, self.asked.nodes));
            }
        }
    }
}

/// Adds what was learnt about the session's TLS.
fn with(finding: Finding, told: &Told) -> Finding {
    let finding = told.evidence.iter().fold(finding, Finding::saw);
    match &told.untrusted {
        Some(reason) => finding.saw(reason),
        None => finding,
    }
}
