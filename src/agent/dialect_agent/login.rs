//! From the first byte of a session to its first prompt.

use super::*;

/// Bytes that a greeting may have.
const GREETING: u64 = 1 << 20;

impl<S: Session> DialectAgent<S> {
    /// Waits for greeting and prompt of a session that is open, and learns the prompt.
    ///
    /// # Errors
    /// [`FailureKind::Prompt`] when none comes in time or something else waits for an answer,
    /// [`FailureKind::Closed`] or what the carrier knows when the session ends,
    /// [`FailureKind::Flood`] when the greeting never ends.
    pub async fn login(
        session: S,
        dialect: &Dialect,
        limits: Limits,
        deadline: std::time::Instant,
    ) -> Result<Self, AgentError> {
        let talk = Talk::new(dialect).map_err(|reason| AgentError {
            kind: FailureKind::Dialect,
            what: format!("a pattern of dialect {} is of no use: {reason}", dialect.id),
            said: String::new(),
            help: String::new(),
            sent: false,
        })?;
        let mut agent = Self::new(session, talk, limits);
        let deadline = Instant::from(deadline).min(Instant::now() + limits.greeting);
        agent.greet(deadline).await?;
        Ok(agent)
    }

    async fn greet(&mut self, deadline: Instant) -> Result<(), AgentError> {
        let mut last = Last::default();
        let mut bytes = 0;
        let mut heard = Instant::now();
        loop {
            let ready = self.is_greeted(&last);
            let asks = self.talk.is_question(&self.screen.line(), false);
            let until = match (ready, asks) {
                (true, _) => heard + self.limits.settle,
                (_, true) => heard + self.limits.idle,
                _ => deadline,
            };
            let said = |screen: &Screen, last: &Last| last.text(&screen.line());
            match self.hear(until.min(deadline)).await {
                Came::Bytes(length) => {
                    heard = Instant::now();
                    bytes += length as u64;
                    let block = self.block.get(..length).unwrap_or(&[]);
                    self.screen.feed(block, &mut |line| last.push(line));
                    if bytes > GREETING {
                        let what = "the node greets without end";
                        let said = said(&self.screen, &last);
                        return Err(self.error(FailureKind::Flood, what, &said, false));
                    }
                }
                Came::End => {
                    let said = said(&self.screen, &last);
                    let what = "the node closed the connection before its prompt";
                    return Err(self.closed(what, said, false).await);
                }
                Came::Nothing if ready && until <= deadline => {
                    if !self.talk.has_marks() {
                        self.prompt = self.screen.line();
                    }
                    return Ok(());
                }
                Came::Nothing => {
                    let said = said(&self.screen, &last);
                    return Err(self.no_prompt(asks, &said));
                }
            }
        }
    }

    /// True when what came last is a prompt, or the line that ends a greeting.
    fn is_greeted(&self, last: &Last) -> bool {
        let line = self.screen.line();
        if self.talk.has_marks() && line.is_empty() {
            return self.talk.is_prompt(last.line());
        }
        self.talk.is_prompt(&line)
    }

    fn no_prompt(&self, asks: bool, said: &str) -> AgentError {
        let what = match asks {
            true => "the node asks something before its prompt",
            false => "no prompt of the expected kind came",
        };
        let help = match asks {
            true => "log in by hand once and see what it wants",
            false => "log in by hand, and compare what you see with the dialect in the inventory",
        };
        AgentError {
            help: help.to_owned(),
            ..self.error(FailureKind::Prompt, what, said, false)
        }
    }
}
