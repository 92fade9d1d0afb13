//! Whether the server's access rules let both nodes in, as far as the role may look.

use std::net::IpAddr;
use std::time::Duration;

use super::finding::Finding;
use super::hba::{self, Caller, Line, Verdict};
use super::reach;
use super::session::{Login, Refusal, Row, Session};

const ID: &str = "access";
/// Stands between the words of a list: no name holds it.
const BETWEEN: char = '\u{1}';

/// One finding for every node, or one that says why there is none.
pub(super) async fn check(
    session: &Session,
    login: &Login,
    nodes: &[String],
    limit: Duration,
) -> Vec<Finding> {
    if nodes.is_empty() {
        return vec![Finding::skipped(ID, "check.access.no_nodes")];
    }
    let method = method(session).await;
    let rules = match Rules::read(session).await {
        Ok(rules) => rules,
        Err(refusal) => return vec![unseen(&refusal, login, nodes, method)],
    };
    let mut found = Vec::new();
    if let Some(wrong) = &rules.wrong {
        found.push(Finding::warning(ID, "check.access.file_wrong").saw(wrong));
    }
    for node in nodes {
        let told = match reach::resolve(node, limit).await {
            Ok(addresses) if !addresses.is_empty() => {
                let addresses = addresses.iter().map(|address| address.ip().to_canonical());
                worst(addresses.map(|address| rules.judge(node, address, login, method)))
            }
            Ok(_) => None,
            Err(error) => {
                Some(Finding::unknown(ID, "check.access.node_unresolved").saw(error.to_string()))
            }
        };
        let told = told.unwrap_or_else(|| Finding::unknown(ID, "check.access.node_unresolved"));
        found.push(told.about(node));
    }
    found
}

/// Of several addresses of one node the one with most trouble; nobody knows which one it uses.
fn worst(findings: impl Iterator<Item = Finding>) -> Option<Finding> {
    use super::Outcome;
    findings.max_by_key(|finding| match finding.outcome {
        Outcome::Ok => 0,
        Outcome::Skipped => 1,
        Outcome::Unknown => 2,
        Outcome::Warning => 3,
        Outcome::Problem => 4,
    })
}

fn unseen(refusal: &Refusal, login: &Login, nodes: &[String], method: &str) -> Finding {
    let finding = Finding::unknown(ID, "check.access.unseen")
        .saw(refusal.evidence())
        .mend("SELECT * FROM pg_hba_file_rules;");
    let lines = nodes.iter().filter_map(|node| node.parse().ok());
    lines.fold(finding, |finding, node: IpAddr| {
        finding.mend(hba::line_for(&login.database, &login.user, node, method))
    })
}

/// The method of a line that is to be added: the one that the server's passwords are made for, or
/// the one that takes all of them.
async fn method(session: &Session) -> &'static str {
    let rows = session
        .ask("SELECT pg_catalog.current_setting('password_encryption')")
        .await
        .unwrap_or_default();
    match rows.first().map(|row| row.text(0)) {
        Some("scram-sha-256") => "scram-sha-256",
        _ => "md5",
    }
}

struct Rules {
    lines: Vec<Line>,
    /// The first line that the server cannot read.
    wrong: Option<String>,
    groups: Vec<String>,
    server: Option<IpAddr>,
}

impl Rules {
    async fn read(session: &Session) -> Result<Self, Refusal> {
        // asked for first, so that the server's log need not show a refusal
        let view = session.ask(VIEW).await?;
        let Some(view) = view.first().filter(|view| view.is(0)) else {
            return Err(Refusal::Withheld);
        };
        // the columns came with PostgreSQL 16
        let rows = match view.is(1) {
            true => {
                session
                    .ask(&lines_query("file_name", "rule_number"))
                    .await?
            }
            false => session.ask(&lines_query("NULL", "line_number")).await?,
        };
        // a line with an error and all its fields is one that can never fit
        let (wrong, lines): (Vec<&Row>, Vec<&Row>) =
            rows.iter().partition(|row| row.value(2).is_none());
        let groups = session.ask(GROUPS).await?;
        let server = session
            .ask("SELECT pg_catalog.host(pg_catalog.inet_server_addr())")
            .await?;
        Ok(Self {
            wrong: wrong
                .first()
                .map(|row| format!("{}: {}", place(row), row.text(8))),
            lines: lines.into_iter().map(line).collect(),
            groups: groups.iter().map(|row| row.text(0).to_owned()).collect(),
            server: server.first().and_then(|row| row.text(0).parse().ok()),
        })
    }

    fn judge(&self, node: &str, address: IpAddr, login: &Login, method: &str) -> Finding {
        let caller = Caller {
            address,
            database: &login.database,
            user: &login.user,
            groups: &self.groups,
            server: self.server,
        };
        let wanted = hba::line_for(&login.database, &login.user, address, method);
        let finding = match hba::judge(&self.lines, &caller) {
            Verdict::Admitted(line) if line.method == "trust" => {
                Finding::warning(ID, "check.access.trust")
                    .saw(line.shown())
                    .mend(wanted)
            }
            Verdict::Admitted(line) => Finding::ok(ID, "check.access.ok").saw(line.shown()),
            Verdict::Rejected(line) => Finding::problem(ID, "check.access.rejected")
                .saw(line.shown())
                .mend(wanted),
            Verdict::OtherProof(line) => Finding::problem(ID, "check.access.other_proof")
                .place("method", &line.method)
                .saw(line.shown())
                .mend(wanted),
            Verdict::TlsOnly(line) => Finding::problem(ID, "check.access.tls_only")
                .saw(line.shown())
                .mend(wanted),
            Verdict::Undecided(line) => {
                Finding::unknown(ID, "check.access.undecided").saw(line.shown())
            }
            Verdict::NoLine => Finding::problem(ID, "check.access.no_line").mend(wanted),
        };
        let shown = address.to_string();
        let finding = finding
            .place("user", &login.user)
            .place("database", &login.database)
            .place("address", &shown);
        if shown == node {
            finding
        } else {
            finding.saw(format!("{node} = {shown}"))
        }
    }
}

fn lines_query(file: &str, order: &str) -> String {
    let list = |column: &str| format!("pg_catalog.array_to_string({column}, pg_catalog.chr(1))");
    format!(
        "SELECT {file}, line_number, type, {}, {}, address, netmask, auth_method, error FROM pg_catalog.pg_hba_file_rules ORDER BY {order}",
        list("database"),
        list("user_name"),
    )
}

const VIEW: &str = "SELECT pg_catalog.has_table_privilege(c.oid, 'SELECT'), \
     EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'rule_number') \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relname = 'pg_hba_file_rules' AND n.nspname = 'pg_catalog'";

const GROUPS: &str = "WITH RECURSIVE up(id) AS (\
     SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user \
     UNION SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN up ON m.member = up.id) \
     SELECT r.rolname FROM pg_catalog.pg_roles r JOIN up ON r.oid = up.id ORDER BY 1";

fn place(row: &Row) -> String {
    match row.text(0).rsplit('/').next() {
        Some(file) if !file.is_empty() => format!("{file} {}", row.text(1)),
        _ => format!("pg_hba.conf {}", row.text(1)),
    }
}

fn line(row: &Row) -> Line {
    let list = |column: usize| {
        let words = row
            .text(column)
            .split(BETWEEN)
            .filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    Line {
        place: place(row),
        kind: row.text(2).to_owned(),
        databases: list(3),
        users: list(4),
        address: row.value(5).map(str::to_owned),
        netmask: row.value(6).map(str::to_owned),
        method: row.text(7).to_owned(),
    }
}
