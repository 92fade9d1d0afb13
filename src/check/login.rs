//! What the server's answer to a login means.

use super::finding::{Finding, quoted};
use super::hba;
use super::session::{Login, Refusal, Said};

const ID: &str = "login";
const DATABASE: &str = "database";

/// What a refused login tells: mostly about the login, sometimes about the database behind it.
pub(super) fn refused(refusal: &Refusal, login: &Login, nodes: &[String]) -> Vec<Finding> {
    let found = match refusal {
        Refusal::Said(said) => said_no(said, login, nodes),
        Refusal::PasswordWanted => vec![Finding::unknown(ID, "check.login.no_password")],
        Refusal::Unsupported(_) => vec![Finding::problem(ID, "check.login.unsupported")],
        Refusal::Silent => vec![Finding::problem(ID, "check.login.silent")],
        Refusal::Broken(_) | Refusal::Withheld => vec![Finding::problem(ID, "check.login.broken")],
    };
    let told = |finding: Finding| {
        let finding = finding
            .place("user", &login.user)
            .place("database", &login.database);
        match finding.outcome {
            super::Outcome::Ok => finding,
            _ => finding.saw(refusal.evidence()),
        }
    };
    found.into_iter().map(told).collect()
}

/// The login that worked.
pub(super) fn entered(login: &Login) -> Finding {
    Finding::ok(ID, "check.login.ok").place("user", &login.user)
}

/// True when the rules about who may come from where refused it, so that another way may do.
pub(super) fn by_access_rules(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Said(said) if said.state == "28000" && said.routine == "ClientAuthentication")
}

fn said_no(said: &Said, login: &Login, nodes: &[String]) -> Vec<Finding> {
    let behind = |finding| vec![entered(login), finding];
    let user = quoted(&login.user);
    let database = quoted(&login.database);
    let problem = |key| Finding::problem(ID, key);
    match said.state.as_str() {
        "28P01" => vec![problem("check.login.password").mend(format!("\\password {user}"))],
        "28000" => vec![not_authorised(said, login, nodes)],
        "3D000" => behind(
            Finding::problem(DATABASE, "check.database.missing").mend(format!(
                "CREATE DATABASE {database} OWNER {user} ENCODING 'UTF8' TEMPLATE template0;"
            )),
        ),
        "42501" => behind(
            Finding::problem(DATABASE, "check.database.denied")
                .mend(format!("GRANT CONNECT ON DATABASE {database} TO {user};")),
        ),
        "55000" => behind(
            Finding::problem(DATABASE, "check.database.closed")
                .mend(format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true;")),
        ),
        "53300" => vec![problem("check.login.full")],
        "57P03" => vec![problem("check.login.starting")],
        "57P01" | "57P02" => vec![problem("check.login.stopping")],
        _ => vec![problem("check.login.refused")],
    }
}

/// One state stands for many reasons; the function that refused is the same in every language,
/// the text is not.
fn not_authorised(said: &Said, login: &Login, nodes: &[String]) -> Finding {
    let user = quoted(&login.user);
    let problem = |key| Finding::problem(ID, key);
    let with_lines = |finding| {
        let lines = nodes.iter().filter_map(|node| node.parse().ok());
        lines.fold(finding, |finding: Finding, node| {
            finding.mend(hba::line_for(&login.database, &login.user, node, "md5"))
        })
    };
    let says = |words: &str| said.message.contains(words);
    match said.routine.as_str() {
        _ if says("no pg_hba.conf entry") => with_lines(problem("check.login.no_entry")),
        _ if says("pg_hba.conf rejects") => with_lines(problem("check.login.rejected")),
        _ if says("certificate") => problem("check.login.certificate"),
        "InitializeSessionUserId" if says("not permitted to log in") => {
            problem("check.login.no_login").mend(format!("ALTER ROLE {user} LOGIN;"))
        }
        "InitializeSessionUserId" => problem("check.login.role_missing")
            .mend(format!("CREATE ROLE {user} LOGIN;"))
            .mend(format!("\\password {user}")),
        "auth_failed" => problem("check.login.method"),
        _ => problem("check.login.refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(state: &str, routine: &str, message: &str) -> Refusal {
        Refusal::Said(Box::new(Said {
            state: state.to_owned(),
            message: message.to_owned(),
            routine: routine.to_owned(),
            line: format!("FATAL {state}: {message}"),
        }))
    }

    #[test]
    fn reasons_are_told_apart_by_state_and_place() {
        let login = Login {
            user: "tc".to_owned(),
            database: "imp".to_owned(),
            password: None,
        };
        let nodes = ["10.60.1.11".to_owned(), "imp1b".to_owned()];
        for (state, routine, message, key) in [
            ("28P01", "auth_failed", "x", "check.login.password"),
            (
                "28000",
                "ClientAuthentication",
                "no pg_hba.conf entry for host \"10.1.1.1\", user \"tc\"",
                "check.login.no_entry",
            ),
            (
                "28000",
                "ClientAuthentication",
                "pg_hba.conf rejects connection for host",
                "check.login.rejected",
            ),
            (
                "28000",
                "ClientAuthentication",
                "connection requires a valid client certificate",
                "check.login.certificate",
            ),
            (
                "28000",
                "ClientAuthentication",
                "für Host … kein Eintrag",
                "check.login.refused",
            ),
            (
                "28000",
                "InitializeSessionUserId",
                "role \"tc\" does not exist",
                "check.login.role_missing",
            ),
            (
                "28000",
                "InitializeSessionUserId",
                "role \"tc\" is not permitted to log in",
                "check.login.no_login",
            ),
            (
                "28000",
                "auth_failed",
                "Ident authentication failed for user \"tc\"",
                "check.login.method",
            ),
            ("3D000", "InitPostgres", "x", "check.database.missing"),
            ("42501", "CheckMyDatabase", "x", "check.database.denied"),
            ("55000", "CheckMyDatabase", "x", "check.database.closed"),
            ("53300", "InitPostgres", "x", "check.login.full"),
            ("57P03", "", "x", "check.login.starting"),
            ("57P01", "", "x", "check.login.stopping"),
            ("XX000", "", "x", "check.login.refused"),
        ] {
            let found = refused(&said(state, routine, message), &login, &nodes);
            let last = found.last().unwrap();
            assert_eq!(last.key, key, "{state} {message}");
            assert_eq!(last.evidence, [format!("FATAL {state}: {message}")]);
        }
        let found = refused(&said("28000", "", "no pg_hba.conf entry"), &login, &nodes);
        assert_eq!(found[0].statements, ["host imp tc 10.60.1.11/32 md5"]);
    }
}
