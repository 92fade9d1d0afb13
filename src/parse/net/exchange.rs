//! Requests that ask for an answer, and what became of each.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use super::flow::Moment;

/// The same request so soon behind itself is the same packet, captured twice.
const ECHO: i64 = 20_000;
/// Sendings that take long enough by themselves, where nothing tells the time.
const PATIENT: u32 = 3;
/// Sendings that leave no doubt, however short the capture is.
const REPEATED: u32 = 4;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) word: Cow<'static, str>,
    /// Nothing else is to come.
    pub(super) last: bool,
}

/// A request with its repetitions and its answer. `E` says who asks whom.
#[derive(Clone, Debug)]
pub(super) struct Exchange<E> {
    pub(super) ends: E,
    /// What it is called.
    pub(super) request: &'static str,
    pub(super) first: Moment,
    last: Moment,
    /// Sendings.
    pub(super) tries: u32,
    pub(super) answer: Option<(Answer, Moment)>,
    serial: u64,
}

impl<E> Exchange<E> {
    /// Nothing came back although the capture goes on for `patience` microseconds behind the
    /// first sending, or the request was repeated often.
    pub(super) fn is_unanswered(&self, latest: Option<i64>, patience: i64) -> bool {
        let waited = self.first.at.zip(latest);
        let waited = waited.map(|(first, latest)| latest.saturating_sub(first));
        let enough = match waited {
            Some(waited) => waited >= patience || self.tries >= REPEATED,
            None => self.tries >= PATIENT,
        };
        self.answer.is_none() && enough
    }

    /// Milliseconds from the first sending to the answer.
    pub(super) fn answer_ms(&self) -> Option<i64> {
        let (_, answered) = self.answer.as_ref()?;
        Some(answered.at?.saturating_sub(self.first.at?) / 1000)
    }
}

/// Exchanges that are open or were answered lately, at most so many.
#[derive(Debug)]
pub(super) struct Exchanges<K, E> {
    open: BTreeMap<K, Exchange<E>>,
    /// Keys as they came, each with the serial number of its exchange.
    order: VecDeque<(K, u64)>,
    capacity: usize,
    serial: u64,
    latest: Option<i64>,
    /// Microseconds after which an exchange is handed out.
    patience: i64,
}

impl<K: Ord + Clone, E> Exchanges<K, E> {
    pub(super) fn new(capacity: usize, patience: i64) -> Self {
        Self {
            open: BTreeMap::new(),
            order: VecDeque::new(),
            capacity: capacity.max(1),
            serial: 0,
            latest: None,
            patience,
        }
    }

    /// The latest time that was seen.
    pub(super) fn latest(&self) -> Option<i64> {
        self.latest
    }

    /// The capture goes on; what is old enough is handed out.
    pub(super) fn pass(&mut self, at: Option<i64>, out: &mut dyn FnMut(&K, &Exchange<E>)) {
        self.latest = self.latest.max(at);
        while let Some((key, serial)) = self.order.front() {
            let open = self.open.get(key).filter(|open| open.serial == *serial);
            let waited = open.and_then(|open| Some(self.latest? - open.first.at?));
            let stays = open.is_some() && self.order.len() <= self.capacity;
            if stays && waited.is_none_or(|waited| waited < self.patience) {
                break;
            }
            self.hand_out_first(out);
        }
    }

    fn hand_out_first(&mut self, out: &mut dyn FnMut(&K, &Exchange<E>)) {
        let Some((key, serial)) = self.order.pop_front() else {
            return;
        };
        if self
            .open
            .get(&key)
            .is_some_and(|open| open.serial == serial)
            && let Some(exchange) = self.open.remove(&key)
        {
            out(&key, &exchange);
        }
    }

    /// A request, or its repetition.
    pub(super) fn ask(&mut self, key: K, request: &'static str, ends: E, moment: Moment) {
        if let Some(open) = self.open.get_mut(&key) {
            let since = open.last.at.zip(moment.at).map(|(last, at)| at - last);
            if since.is_none_or(|since| since > ECHO) {
                open.tries = open.tries.saturating_add(1);
                open.last = moment;
            }
            return;
        }
        self.serial += 1;
        self.order.push_back((key.clone(), self.serial));
        let exchange = Exchange {
            ends,
            request,
            first: moment,
            last: moment,
            tries: 1,
            answer: None,
            serial: self.serial,
        };
        self.open.insert(key, exchange);
    }

    /// The first key from `from` on that fits; keys are asked until one does not `concern` the
    /// matter any more.
    pub(super) fn find(
        &self,
        from: K,
        concerns: impl Fn(&K) -> bool,
        fits: impl Fn(&K) -> bool,
    ) -> Option<K> {
        let near = self.open.range(from..).map(|(key, _)| key);
        near.take_while(|key| concerns(key))
            .find(|key| fits(key))
            .cloned()
    }

    /// An answer; one that is not the last gives way to a later one.
    pub(super) fn answer(&mut self, key: &K, answer: Answer, moment: Moment) {
        if let Some(open) = self.open.get_mut(key)
            && open.answer.as_ref().is_none_or(|(known, _)| !known.last)
        {
            open.answer = Some((answer, moment));
        }
    }

    /// Nothing more comes: hands out the rest in the order of the requests.
    pub(super) fn finish(&mut self, out: &mut dyn FnMut(&K, &Exchange<E>)) {
        while !self.order.is_empty() {
            self.hand_out_first(out);
        }
    }
}
