//! A session with a PostgreSQL server in which nothing can be changed. The only user of
//! tokio-postgres.

use std::cell::Cell;
use std::error::Error as _;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::DbError;
use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage};

use crate::model::secret::Secret;

use super::metered::Metered;

/// Rows that are taken of one answer.
const ROWS: usize = 10_000;
/// How much longer than the server itself the answer is waited for.
const GRACE: Duration = Duration::from_secs(2);

/// Who logs in where.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) database: String,
    pub(super) password: Option<Secret>,
}

impl Login {
    /// The password, as far as it has to be taken out of what the server says: one that is also
    /// the name of role or database is none.
    fn mask(&self) -> Option<Secret> {
        let name =
            |secret: &Secret| [&self.user, &self.database].contains(&&secret.reveal().to_owned());
        self.password.clone().filter(|secret| !name(secret))
    }
}

/// What a server says instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// SQLSTATE.
    pub(super) state: String,
    /// The text, in the server's language.
    pub(super) message: String,
    /// The function of the server that said it, the same in every language.
    pub(super) routine: String,
    /// Severity, state and text on one line.
    pub(super) line: String,
}

/// Why there is no session, or no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The server says no.
    Said(Box<Said>),
    /// It asks for a password and none was given.
    PasswordWanted,
    /// It asks for something else than a password.
    Unsupported(String),
    /// It did not answer in time.
    Silent,
    /// The role may not ask, or the server is too old for the question.
    Withheld,
    /// The connection broke, or what came is not PostgreSQL.
    Broken(String),
}

impl Refusal {
    /// What is worth showing of it.
    pub(super) fn evidence(&self) -> String {
        match self {
            Self::Said(said) => said.line.clone(),
            Self::PasswordWanted | Self::Withheld => String::new(),
            Self::Silent => "no answer in time".to_owned(),
            Self::Unsupported(text) | Self::Broken(text) => text.clone(),
        }
    }

    /// The SQLSTATE, if the server said one.
    pub(super) fn state(&self) -> &str {
        match self {
            Self::Said(said) => &said.state,
            _ => "",
        }
    }

    fn of(error: &Error) -> Self {
        if let Some(said) = error.as_db_error() {
            return Self::Said(Box::new(said_by(said)));
        }
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        match cause.as_str() {
            "password missing" => Self::PasswordWanted,
            // what the crate says about methods such as GSSAPI
            text if text.contains("unsupported authentication") => Self::Unsupported(cause),
            "" => Self::Broken(error.to_string()),
            _ => Self::Broken(format!("{error}: {cause}")),
        }
    }
}

fn said_by(error: &DbError) -> Said {
    let state = error.code().code().to_owned();
    let mut line = format!("{} {state}: {}", error.severity(), error.message());
    for more in [error.detail(), error.hint()].into_iter().flatten() {
        line.push_str("; ");
        line.push_str(more);
    }
    Said {
        state,
        message: error.message().to_owned(),
        routine: error.routine().unwrap_or("").to_owned(),
        line,
    }
}

/// One row of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row(Vec<Option<String>>);

impl Row {
    /// A row with these columns.
    #[cfg(test)]
    pub(super) fn of(columns: &[Option<&str>]) -> Self {
        Self(columns.iter().map(|text| text.map(str::to_owned)).collect())
    }

    /// A column as text; empty where it is null.
    pub(super) fn text(&self, column: usize) -> &str {
        self.value(column).unwrap_or("")
    }

    /// A column as text.
    pub(super) fn value(&self, column: usize) -> Option<&str> {
        self.0.get(column)?.as_deref()
    }

    /// A column that is a truth.
    pub(super) fn is(&self, column: usize) -> bool {
        matches!(self.text(column), "t" | "true" | "on")
    }

    /// A column that is a whole number.
    pub(super) fn number(&self, column: usize) -> Option<i64> {
        self.value(column)?.parse().ok()
    }
}

/// A session after its login.
pub(super) struct Session {
    client: Client,
    limit: Duration,
    mask: Option<Secret>,
    /// An answer did not come: what the server does with the question is not known any more.
    lost: Cell<bool>,
}

impl Session {
    /// Logs in over a connection on which TLS, if any, has begun.
    ///
    /// # Errors
    /// Why that does not work.
    pub(super) async fn open(
        stream: Metered,
        login: &Login,
        limit: Duration,
    ) -> Result<Self, Refusal> {
        let mut config = Config::new();
        config
            .user(&login.user)
            .dbname(&login.database)
            .application_name("clusterdx check")
            // the connection under it has been settled already
            .ssl_mode(SslMode::Disable);
        if let Some(password) = &login.password {
            config.password(password.reveal());
        }
        let opened = timeout(limit, config.connect_raw(stream, NoTls)).await;
        let (client, connection) = match opened {
            Err(_) => return Err(Refusal::Silent),
            Ok(Err(error)) => return Err(hidden(Refusal::of(&error), login.mask().as_ref())),
            Ok(Ok(pair)) => pair,
        };
        // its end shows itself in the answers
        tokio::spawn(async move { _ = connection.await });
        Ok(Self {
            client,
            limit,
            mask: login.mask(),
            lost: Cell::new(false),
        })
    }

    /// Asks one question in a transaction of its own that can write nothing and is rolled back.
    /// What the question names is looked up in the system's schema first and last.
    ///
    /// # Errors
    /// What the server says instead of an answer.
    pub(super) async fn ask(&self, question: &str) -> Result<Vec<Row>, Refusal> {
        self.asked(question, "SET LOCAL search_path = pg_catalog;")
            .await
    }

    /// Asks with the role's own search path.
    ///
    /// # Errors
    /// What the server says instead of an answer.
    pub(super) async fn ask_in_path(&self, question: &str) -> Result<Vec<Row>, Refusal> {
        self.asked(question, "").await
    }

    async fn asked(&self, question: &str, path: &str) -> Result<Vec<Row>, Refusal> {
        let millis = self.limit.as_millis().max(1);
        let begin = format!(
            "BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = {millis}; SET LOCAL lock_timeout = {millis}; {path}"
        );
        let answer = self.send(&format!("{begin} {question}")).await;
        let ended = self.send("ROLLBACK").await;
        answer.and_then(|rows| ended.map(|_| rows))
    }

    async fn send(&self, text: &str) -> Result<Vec<Row>, Refusal> {
        if self.lost.get() {
            return Err(Refusal::Silent);
        }
        let messages = match timeout(self.limit + GRACE, self.client.simple_query(text)).await {
            Err(_) => {
                self.lost.set(true);
                return Err(Refusal::Silent);
            }
            Ok(Err(error)) => return Err(hidden(Refusal::of(&error), self.mask.as_ref())),
            Ok(Ok(messages)) => messages,
        };
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let taken = |row: tokio_postgres::SimpleQueryRow| {
            let column = |at| row.try_get(at).ok().flatten().map(str::to_owned);
            Row((0..row.len()).map(column).collect())
        };
        Ok(rows.take(ROWS).map(taken).collect())
    }
}

/// The same without the password, should the server send it back.
fn hidden(refusal: Refusal, password: Option<&Secret>) -> Refusal {
    let Some(password) = password else {
        return refusal;
    };
    match refusal {
        Refusal::Said(mut said) => {
            said.line = password.hide_in(&said.line);
            Refusal::Said(said)
        }
        Refusal::Broken(text) => Refusal::Broken(password.hide_in(&text)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_are_not_there_are_empty() {
        let row = Row(vec![Some("t".to_owned()), None, Some("12".to_owned())]);
        assert!(row.is(0) && !row.is(1));
        assert_eq!(
            (row.number(2), row.number(1), row.number(9)),
            (Some(12), None, None)
        );
        assert_eq!(row.text(9), "");
    }
}
