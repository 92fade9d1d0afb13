//! One command and its answer.

use super::*;

/// How often one question of the dialect is answered while a command runs.
const CONFIRMATIONS: usize = 3;

/// Longest command that is sent; terminals lose what is longer.
const LONGEST: usize = 1024;

/// A command on its way.
struct Course<'a> {
    command: &'a Command,
    /// It only looks: it may be stopped at any time, and has nothing to confirm.
    only_reads: bool,
    heard: Heard,
    /// When it is interrupted by request.
    stop_at: Option<Instant>,
    /// When the last bytes came.
    last: Instant,
    /// How much silence since then has been judged already.
    judged: Duration,
    bytes: u64,
    confirmed: Vec<(String, String)>,
    /// How often each question was answered.
    answers: Vec<usize>,
}

/// What silence means.
enum Silence {
    /// The answer is over.
    Over,
    /// The pager waits; the byte at which its question begins.
    Pager(usize),
    /// A question of the dialect, by number.
    Confirm(usize, String),
    /// A question that is not to be answered.
    Asks(&'static str),
    /// Nothing yet.
    Working,
}

impl<S: Session> DialectAgent<S> {
    pub(super) async fn converse(
        &mut self,
        command: &Command,
        deadline: Instant,
    ) -> Result<Output, AgentError> {
        self.check(command)?;
        self.check_silence(command).await?;
        let line = format!("{}\r", command.line);
        if let Err(kind) = self.write(line.as_bytes(), deadline).await {
            // a part of it may have arrived, but not the end of the line
            let what = "the command could not be written";
            return Err(match kind {
                FailureKind::Closed => self.closed(what, String::new(), true).await,
                kind => self.error(kind, what, "", true),
            });
        }
        let now = Instant::now();
        let mut course = Course {
            command,
            only_reads: self.talk.dialect.only_reads(&command.line) || command.stop_after.is_some(),
            heard: Heard::new(&self.prompt, &command.line, self.echoes),
            stop_at: command.stop_after.map(|after| now + after),
            last: now,
            judged: Duration::ZERO,
            bytes: 0,
            confirmed: Vec::new(),
            answers: vec![0; self.talk.confirm.len()],
        };
        let output = self.follow(&mut course, deadline).await;
        self.echoes |= course.heard.echoed();
        output
    }

    /// Refuses what must not be sent.
    fn check(&self, command: &Command) -> Result<(), AgentError> {
        let printable = |b: u8| b == b' ' || b.is_ascii_graphic();
        if self.broken {
            let what = "the connection is of no use any more";
            return Err(self.error(FailureKind::Closed, what, "", false));
        }
        let refused = if command.line.is_empty() || command.line.len() > LONGEST {
            "the command is empty or too long"
        } else if !command.line.bytes().all(printable) {
            "the command holds something else than printable ASCII"
        } else if !self.talk.dialect.allows(&command.line) {
            "the dialect does not allow this command"
        } else {
            return Ok(());
        };
        Err(self.error(FailureKind::Refused, refused, "", false))
    }

    /// A node speaks when it is spoken to. What it says before could be a prompt of its own making
    /// that ended the last answer too early.
    async fn check_silence(&mut self, command: &Command) -> Result<(), AgentError> {
        match self.hear(Instant::now() + self.limits.early).await {
            Came::Nothing => Ok(()),
            Came::End => {
                let what = format!("the connection had ended before '{}'", command.line);
                Err(self.closed(&what, String::new(), false).await)
            }
            Came::Bytes(length) => {
                let mut last = Last::default();
                let block = self.block.get(..length).unwrap_or(&[]);
                self.screen.feed(block, &mut |line| last.push(line));
                let said = last.text(&self.screen.line());
                let what = "the node spoke without being asked";
                Err(self.error(FailureKind::Dialect, what, &said, false))
            }
        }
    }

    /// Reads and answers until the answer is over.
    async fn follow(
        &mut self,
        course: &mut Course<'_>,
        deadline: Instant,
    ) -> Result<Output, AgentError> {
        let lost = self.screen.lost();
        loop {
            if Instant::now() >= deadline {
                return Err(self.too_late(course).await);
            }
            if course.stop_at.is_some_and(|at| at <= Instant::now()) {
                course.stop_at = None;
                course.heard.stopped = true;
                self.interrupt().await;
            }
            let until = self.wake(course, deadline);
            match self.hear(until).await {
                Came::Bytes(length) => self.take(course, length).await?,
                Came::End => return self.end_of_stream(course).await,
                Came::Nothing => {
                    if let Some(mut output) = self.judge(course, deadline).await? {
                        output.dropped += self.screen.lost() - lost;
                        return Ok(output);
                    }
                }
            }
        }
    }

    /// When something has to be decided if nothing comes.
    fn wake(&self, course: &Course<'_>, deadline: Instant) -> Instant {
        let steps = [self.limits.quiet, self.limits.idle];
        let silence = steps.into_iter().find(|step| *step > course.judged);
        [silence.map(|step| course.last + step), course.stop_at]
            .into_iter()
            .flatten()
            .fold(deadline, Instant::min)
    }

    async fn take(&mut self, course: &mut Course<'_>, length: usize) -> Result<(), AgentError> {
        course.last = Instant::now();
        course.judged = Duration::ZERO;
        course.bytes += length as u64;
        let block = self.block.get(..length).unwrap_or(&[]);
        let (heard, talk) = (&mut course.heard, &self.talk);
        self.screen.feed(block, &mut |line| heard.line(line, talk));
        if let Some(line) = course.heard.wrong_echo() {
            let said = Last::of(line);
            self.interrupt_if_harmless(course).await;
            let what = "the node repeated something else than the command that was sent";
            return Err(self.error(FailureKind::Dialect, what, &said, true));
        }
        if course.bytes > self.limits.flood {
            self.interrupt_if_harmless(course).await;
            let what = "the answer is longer than anybody reads";
            return Err(self.error(FailureKind::Flood, what, &self.said(course), true));
        }
        Ok(())
    }

    /// The unfinished line is a part of the answer after all.
    fn take_unfinished(&mut self, course: &mut Course<'_>) {
        let line = self.screen.line();
        if !line.is_empty() {
            course.heard.line(&line, &self.talk);
            self.screen.forget_from(0);
        }
    }

    fn said(&self, course: &Course<'_>) -> String {
        course.heard.last.text(&self.screen.line())
    }

    async fn end_of_stream(&mut self, course: &mut Course<'_>) -> Result<Output, AgentError> {
        if course.command.closes {
            self.take_unfinished(course);
            course.heard.end(&self.talk);
            return Ok(output(course, Answer::Closed));
        }
        let what = "the node closed the connection before it had answered";
        let said = self.said(course);
        Err(self.closed(what, said, true).await)
    }

    async fn too_late(&mut self, course: &Course<'_>) -> AgentError {
        self.interrupt_if_harmless(course).await;
        let what = "the node did not finish its answer in time";
        self.error(FailureKind::Timeout, what, &self.said(course), true)
    }

    /// A command that changes something is left to end by itself: half of a restart is worse.
    async fn interrupt_if_harmless(&mut self, course: &Course<'_>) {
        if course.only_reads {
            self.interrupt().await;
        }
    }

    /// The node has been silent for a while: finds out what that means and does what has to be
    /// done. Gives the output when the answer is over.
    async fn judge(
        &mut self,
        course: &mut Course<'_>,
        deadline: Instant,
    ) -> Result<Option<Output>, AgentError> {
        let silence = course.last.elapsed();
        course.judged = silence;
        match self.meaning(course, silence >= self.limits.idle) {
            Silence::Over => {
                if self.talk.has_marks() {
                    self.take_unfinished(course);
                }
                let answer = course.heard.end(&self.talk);
                return Ok(Some(output(course, answer)));
            }
            Silence::Working => {}
            Silence::Pager(at) => {
                self.screen.forget_from(at);
                let answer = self.talk.pager.as_ref().map(|pager| pager.answer.clone());
                self.reply(course, &answer.unwrap_or_default(), deadline)
                    .await?;
            }
            Silence::Confirm(number, question) => {
                let reply = self.talk.confirm.get(number);
                let answer = reply.map(|reply| reply.answer.clone()).unwrap_or_default();
                self.screen.forget_from(0);
                course.heard.answered(&answer);
                course.confirmed.push((question, answer.clone()));
                self.reply(course, &format!("{answer}\r"), deadline).await?;
            }
            Silence::Asks(what) => {
                let said = self.said(course);
                self.interrupt().await;
                let help = "run the command by hand once and see what it wants";
                return Err(AgentError {
                    help: help.to_owned(),
                    ..self.error(FailureKind::Dialect, what, &said, true)
                });
            }
        }
        Ok(None)
    }

    async fn reply(
        &mut self,
        course: &mut Course<'_>,
        text: &str,
        deadline: Instant,
    ) -> Result<(), AgentError> {
        // nothing is asked again before the node has said something
        course.judged = Duration::MAX;
        let written = self.write(text.as_bytes(), deadline).await;
        written.map_err(|kind| {
            let what = "an answer to the node could not be written";
            self.error(kind, what, &self.said(course), true)
        })
    }

    /// What the silence of a node means, by what it said last.
    fn meaning(&self, course: &mut Course<'_>, idle: bool) -> Silence {
        let line = self.screen.line();
        if self.is_over(course, &line) {
            return Silence::Over;
        }
        if !course.heard.may_end() {
            return Silence::Working;
        }
        if let Some(found) = self
            .talk
            .pager
            .as_ref()
            .and_then(|p| p.ask.find(line.as_bytes()))
        {
            return Silence::Pager(found.start());
        }
        if course.stop_at.is_some() {
            // it says how it is stopped
            return Silence::Working;
        }
        // a question on a line that is finished is one when nothing follows for long
        let asked = match line.is_empty() && idle {
            true => course.heard.last.line().to_owned(),
            false => line,
        };
        if let Some(number) = self
            .talk
            .confirm
            .iter()
            .position(|c| c.ask.is_match(asked.as_bytes()))
        {
            return match course.answers.get_mut(number) {
                _ if course.only_reads => {
                    Silence::Asks("the node wants a command that only looks to be confirmed")
                }
                Some(count) if *count < CONFIRMATIONS => {
                    *count += 1;
                    Silence::Confirm(number, asked)
                }
                _ => Silence::Asks("the node asks the same question again and again"),
            };
        }
        match idle && self.talk.is_question(&asked, course.only_reads) {
            true => Silence::Asks("the node asks something that the dialect does not know"),
            false => Silence::Working,
        }
    }

    /// True when the answer is over: the prompt, or the mark that ends answers, is the last thing
    /// that came.
    fn is_over(&self, course: &Course<'_>, line: &str) -> bool {
        if !course.heard.may_end() {
            return false;
        }
        if !self.talk.has_marks() {
            return course.heard.without_stop(line) == self.prompt;
        }
        match line.is_empty() {
            true => self.talk.is_prompt(course.heard.last.line()),
            false => self.talk.is_prompt(line),
        }
    }
}

fn output(course: &mut Course<'_>, answer: Answer) -> Output {
    let mut text = std::mem::take(&mut course.heard.text);
    let ends = text.trim_end_matches('\n').len();
    text.truncate(ends + usize::from(ends > 0));
    Output {
        text,
        answer,
        dropped: course.heard.dropped,
        confirmed: std::mem::take(&mut course.confirmed),
    }
}
