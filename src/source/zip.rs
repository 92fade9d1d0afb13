//! Zip archives: by their directory, and where that is damaged by the members' own headers.

use std::collections::HashSet;
use std::io::{self, Read, SeekFrom};

use super::limits::{Checked, Packing, Unpack};
use super::peek::Peek;
use super::walk::{Flow, Level, Walker};
use super::zip_format::{
    Directory, Member, ReadSeek, find_directory, locate, skip_descriptor, take_header,
};
use crate::model::origin::Origin;

/// One zip archive on its way through the walk.
struct Archive<'a> {
    origin: &'a Origin,
    level: Level,
    size: u64,
    /// Bytes that came out of it so far.
    unpacked: u64,
    /// Where the headers of the members stand that were dealt with.
    seen: HashSet<u64>,
    notes: Vec<String>,
}

impl Walker<'_> {
    /// Goes through a zip archive with two readers of it: one for its directory, one for its
    /// members.
    pub(super) fn zip(
        &mut self,
        origin: &Origin,
        directory: &mut dyn ReadSeek,
        content: &mut dyn ReadSeek,
        level: Level,
    ) -> Flow {
        let mut archive = Archive {
            origin,
            level,
            size: content.seek(SeekFrom::End(0)).unwrap_or(0),
            unpacked: 0,
            seen: HashSet::new(),
            notes: Vec::new(),
        };
        let flow = match self.zip_by_directory(&mut archive, directory, content) {
            Ok(flow) => flow,
            Err(problem) => {
                archive.notes.push(format!(
                    "the directory of the zip archive is damaged: {problem}; members were \
                     looked for without it, some may be missing"
                ));
                self.zip_by_headers(&mut archive, content)
            }
        };
        self.close(origin, &mut archive.notes, flow)
    }

    /// Delivers the members that the directory lists; an error says what is wrong with it.
    fn zip_by_directory(
        &mut self,
        archive: &mut Archive<'_>,
        mut directory: &mut dyn ReadSeek,
        content: &mut dyn ReadSeek,
    ) -> Result<Flow, String> {
        let budget = self.budget;
        let place = find_directory(directory)?;
        directory
            .seek(SeekFrom::Start(place.start))
            .map_err(|error| error.to_string())?;
        let mut entries = Directory::new(Peek::new(&mut directory, &budget.pool), &place);
        while let Some(member) = entries.next() {
            let member = member?;
            if (archive.seen.len() as u64) < budget.limits.members {
                archive.seen.insert(member.start);
            }
            if !member.is_file() {
                continue;
            }
            let origin = self.member_origin(archive.origin, &member.name);
            if let Err(problem) = locate(content, member.start) {
                let note = format!("its content cannot be found: {problem}");
                let flow = self.unread(&origin, note);
                if flow.is_break() {
                    return Ok(flow);
                }
                continue;
            }
            let mut packed = content.take(member.packed);
            let mut packed = Peek::new(&mut packed, &budget.pool);
            let flow = self.zip_member(archive, &origin, &member, &mut packed);
            if flow.is_break() || self.is_zip_bomb(archive) {
                return Ok(flow);
            }
        }
        Ok(Flow::Continue(()))
    }

    /// Delivers the members whose headers stand one after the other from the start, as far as
    /// that goes; those that the directory had are left out.
    fn zip_by_headers(
        &mut self,
        archive: &mut Archive<'_>,
        mut content: &mut dyn ReadSeek,
    ) -> Flow {
        let budget = self.budget;
        if content.seek(SeekFrom::Start(0)).is_err() {
            return Flow::Continue(());
        }
        let mut content = Peek::new(&mut content, &budget.pool);
        while let Some(member) = take_header(&mut content) {
            let wanted = member.is_file() && !archive.seen.contains(&member.start);
            let origin = wanted.then(|| self.member_origin(archive.origin, &member.name));
            let (flow, more) = if member.described {
                self.described_member(archive, origin.as_ref(), &member, &mut content)
            } else {
                let end = content.taken().saturating_add(member.packed);
                let mut flow = Flow::Continue(());
                if let Some(origin) = &origin {
                    let mut packed = (&mut content).take(member.packed);
                    let mut packed = Peek::new(&mut packed, &budget.pool);
                    flow = self.zip_member(archive, origin, &member, &mut packed);
                }
                let left = end.saturating_sub(content.taken());
                (flow, content.skip(left).is_ok())
            };
            if flow.is_break() || !more || self.is_zip_bomb(archive) {
                return flow;
            }
        }
        Flow::Continue(())
    }

    /// Delivers a member whose sizes stand behind it; false when the place behind it cannot be
    /// found.
    fn described_member(
        &mut self,
        archive: &mut Archive<'_>,
        origin: Option<&Origin>,
        member: &Member,
        content: &mut Peek<'_>,
    ) -> (Flow, bool) {
        if member.locked().is_some() || member.packing() != Some(Packing::Deflate) {
            // Nothing tells where it ends.
            let Some(origin) = origin else {
                return (Flow::Continue(()), false);
            };
            let note = member
                .locked()
                .unwrap_or_else(|| "the damaged archive does not tell where it ends".to_owned());
            return (self.unread(origin, note), false);
        }
        let mut unpack = Unpack::new(content, Packing::Deflate, self.budget);
        let mut flow = Flow::Continue(());
        if let Some(origin) = origin {
            let level = archive.level.member(true);
            flow = self.stream(origin, member.modified, &mut unpack, level);
        }
        let more = flow.is_continue() && io::copy(&mut unpack, &mut io::sink()).is_ok();
        archive.unpacked += unpack.unpacked();
        drop(unpack);
        skip_descriptor(content);
        (flow, more)
    }

    /// Delivers one member from its packed bytes.
    fn zip_member(
        &mut self,
        archive: &mut Archive<'_>,
        origin: &Origin,
        member: &Member,
        packed: &mut Peek<'_>,
    ) -> Flow {
        if let Some(note) = member.locked() {
            return self.unread(origin, note);
        }
        let packing = member.packing();
        let level = archive.level.member(packing.is_some());
        let flow;
        if let Some(packing) = packing {
            let mut unpack = Unpack::new(packed, packing, self.budget);
            let mut checked = Checked::new(&mut unpack, member.size, member.checksum);
            flow = self.stream(origin, member.modified, &mut checked, level);
            archive.unpacked += unpack.unpacked();
        } else {
            let mut checked = Checked::new(packed, member.size, member.checksum);
            flow = self.stream(origin, member.modified, &mut checked, level);
            archive.unpacked += checked.delivered();
        }
        flow
    }

    /// Judges the archive as a whole: its members may share their packed bytes.
    fn is_zip_bomb(&self, archive: &mut Archive<'_>) -> bool {
        let bomb = self.budget.is_bomb(archive.size, archive.unpacked);
        if bomb {
            archive.notes.push(self.budget.bomb_note());
        }
        bomb
    }
}
