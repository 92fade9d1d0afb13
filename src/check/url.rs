//! The URL of a database, with what `libpq` reads in one.

use std::fmt;
use std::time::Duration;

use crate::model::secret::Secret;

/// A database system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// PostgreSQL.
    Postgresql,
    /// Oracle.
    Oracle,
    /// Microsoft SQL Server.
    SqlServer,
}

impl Engine {
    /// Its name in reports and rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql",
            Self::Oracle => "oracle",
            Self::SqlServer => "sqlserver",
        }
    }

    fn of_scheme(scheme: &str) -> Option<Self> {
        match scheme.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" => Some(Self::Postgresql),
            "oracle" => Some(Self::Oracle),
            "sqlserver" | "mssql" => Some(Self::SqlServer),
            _ => None,
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Postgresql => 5432,
            Self::Oracle => 1521,
            Self::SqlServer => 1433,
        }
    }
}

/// How much TLS the URL asks for, in the words of `libpq`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslMode {
    /// None.
    Disable,
    /// Where it does not go without.
    Allow,
    /// Where the server offers it.
    #[default]
    Prefer,
    /// Always, with any certificate.
    Require,
    /// Always, with a certificate of a known authority.
    VerifyCa,
    /// Always, with a certificate of a known authority for this host.
    VerifyFull,
}

impl SslMode {
    /// As the URL has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::Disable,
            Self::Allow,
            Self::Prefer,
            Self::Require,
            Self::VerifyCa,
            Self::VerifyFull,
        ];
        all.into_iter().find(|mode| mode.as_str() == text)
    }

    /// The certificate has to be of a known authority.
    pub fn verifies(self) -> bool {
        matches!(self, Self::VerifyCa | Self::VerifyFull)
    }
}

/// What a URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// The system.
    pub engine: Engine,
    /// Name or address, without brackets.
    pub host: String,
    /// Port; the system's usual one where none is given.
    pub port: u16,
    /// Role.
    pub user: Option<String>,
    /// Password. Whoever lists the processes of the machine can read it.
    pub password: Option<Secret>,
    /// Database.
    pub database: Option<String>,
    /// TLS.
    pub sslmode: SslMode,
    /// File with the authorities that are trusted.
    pub sslrootcert: Option<String>,
    /// Time for each connection.
    pub connect_timeout: Option<Duration>,
}

/// Why a text is no URL of a database. It holds nothing of the part that may be a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongUrl(String);

impl fmt::Display for WrongUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUrl {}

fn wrong(text: impl Into<String>) -> WrongUrl {
    WrongUrl(text.into())
}

impl Url {
    /// Reads `scheme://[user[:password]@]host[:port][/database][?key=value&…]`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, WrongUrl> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| wrong("a URL begins with a scheme, such as postgres://"))?;
        let engine = Engine::of_scheme(scheme).ok_or_else(|| {
            wrong("its scheme is none of postgres, postgresql, oracle, sqlserver, mssql")
        })?;
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, query),
            None => (rest, ""),
        };
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, path),
            None => (rest, ""),
        };
        let (credentials, place) = match authority.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, authority),
        };
        let (host, port) = place_of(place, engine)?;
        let (user, password) =
            match credentials.map(|text| text.split_once(':').unwrap_or((text, ""))) {
                Some((user, password)) => (filled(decoded(user)?), filled(decoded(password)?)),
                None => (None, None),
            };
        let mut url = Self {
            engine,
            host,
            port,
            user,
            password: password.map(Secret::new),
            database: filled(decoded(path)?),
            sslmode: SslMode::default(),
            sslrootcert: None,
            connect_timeout: None,
        };
        if engine == Engine::Postgresql {
            for pair in query.split('&').filter(|pair| !pair.is_empty()) {
                url.set(pair)?;
            }
            url.complete()?;
        }
        Ok(url)
    }

    fn set(&mut self, pair: &str) -> Result<(), WrongUrl> {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(value)?;
        match key {
            "sslmode" => {
                self.sslmode = SslMode::parse(&value).ok_or_else(|| {
                    wrong("its sslmode is none of disable, allow, prefer, require, verify-ca, verify-full")
                })?;
            }
            "sslrootcert" => self.sslrootcert = filled(value),
            "user" => self.user = filled(value),
            "password" => self.password = filled(value).map(Secret::new),
            "dbname" => self.database = filled(value),
            "connect_timeout" => {
                let seconds: u32 = value
                    .parse()
                    .map_err(|_| wrong("its connect_timeout is no number of seconds"))?;
                // zero means for ever there, which is never wanted here
                self.connect_timeout =
                    (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)));
            }
            "application_name" => {}
            _ => {
                return Err(wrong(
                    "it has a parameter that is none of sslmode, sslrootcert, user, password, dbname, connect_timeout, application_name",
                ));
            }
        }
        Ok(())
    }

    fn complete(&self) -> Result<(), WrongUrl> {
        if self.user.is_none() {
            return Err(wrong("it names no user: postgres://USER@HOST/DATABASE"));
        }
        if self.database.is_none() {
            return Err(wrong("it names no database: postgres://USER@HOST/DATABASE"));
        }
        Ok(())
    }
}

fn place_of(place: &str, engine: Engine) -> Result<(String, u16), WrongUrl> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest
                .split_once(']')
                .ok_or_else(|| wrong("its address has no closing bracket"))?;
            match rest.strip_prefix(':') {
                _ if rest.is_empty() => (host, ""),
                Some(port) => (host, port),
                None => return Err(wrong("behind the bracket stands neither a port nor an end")),
            }
        }
        None => place.split_once(':').unwrap_or((place, "")),
    };
    let host = decoded(host)?;
    if host.is_empty() {
        return Err(wrong("it names no host"));
    }
    if host.starts_with('/') {
        return Err(wrong("it names a socket of this machine instead of a host"));
    }
    if host.contains(',') {
        return Err(wrong("it names several hosts: check one at a time"));
    }
    let port = match port {
        "" => engine.port(),
        port => port
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| wrong("its port is no number from 1 to 65535"))?,
    };
    Ok((host, port))
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Takes percent signs out.
fn decoded(text: &str) -> Result<String, WrongUrl> {
    let broken =
        || wrong("a percent sign in it is not followed by two hexadecimal digits of UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next()), digit(rest.next()));
        let (Some(high), Some(low)) = (high, low) else {
            return Err(broken());
        };
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| broken())?);
    }
    if bytes.contains(&0) {
        return Err(wrong("it holds a zero byte"));
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn urls_are_taken_apart() {
        let url = Url::parse("postgres://tc:p%40ss%2F@db1.apolo.local:5433/im%20p?sslmode=verify-full&sslrootcert=/x/ca.pem&connect_timeout=3").unwrap();
        assert_eq!(url.host, "db1.apolo.local");
        assert_eq!(url.port, 5433);
        assert_eq!(url.user.as_deref(), Some("tc"));
        assert_eq!(url.password, Some(Secret::new("p@ss/")));
        assert_eq!(url.database.as_deref(), Some("im p"));
        assert_eq!(url.sslmode, SslMode::VerifyFull);
        assert_eq!(url.sslrootcert.as_deref(), Some("/x/ca.pem"));
        assert_eq!(url.connect_timeout, Some(Duration::from_secs(3)));
    }

    #[test]
    fn ports_and_addresses() {
        for (text, host, port) in [
            ("postgresql://u@[2001:db8::1]/d", "2001:db8::1", 5432),
            ("postgresql://u@[::1]:5/d", "::1", 5),
            ("oracle://db", "db", 1521),
            ("sqlserver://10.0.0.1/x", "10.0.0.1", 1433),
            ("MSSQL://u@db:99", "db", 99),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.host.as_str(), url.port), (host, port), "{text}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_password() {
        for text in [
            "s3cret",
            "mysql://u:s3cret@h/d",
            "postgres://u:s3cret@/d",
            "postgres://u:s3cret@h",
            "postgres://:s3cret@h/d",
            "postgres://u:s3cret@h:0/d",
            "postgres://u:s3cret@h:x/d",
            "postgres://u:s3cret@h:99999/d",
            "postgres://u:s3cret%zz@h/d",
            "postgres://u:s3cret@h,i/d",
            "postgres://u:s3cret@%2Ftmp/d",
            "postgres://u:s3cret@[::1/d",
            "postgres://u:s3cret@[::1]5/d",
            "postgres://u:s3cret@h/d?sslmode=s3cret",
            "postgres://u@h/d?s3cret=1",
            "postgres://u@h/d?options=-c%20s3cret",
            "postgres://u@h/d%00",
        ] {
            let error = Url::parse(text).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            _ = Url::parse(&text);
            _ = Url::parse(&format!("postgres://{text}"));
        }

        #[test]
        fn what_was_encoded_comes_back(user in "[^\0]{1,20}", password in "[^\0]{1,20}") {
            let encoded = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
            let url = Url::parse(&format!("postgres://{}:{}@h/d", encoded(&user), encoded(&password))).unwrap();
            prop_assert_eq!(url.user, Some(user));
            prop_assert_eq!(url.password, Some(Secret::new(password)));
        }
    }
}
