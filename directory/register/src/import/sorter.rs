//! Sorting more than fits in memory: sorted runs in files, merged as they are read.
//!
//! Rows are octets and compared as octets; equal ones are kept once, with the number of the first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use crate::limits;

/// Takes rows in any order.
pub(crate) struct Sorter {
    folder: PathBuf,
    name: &'static str,
    memory: usize,
    arena: Vec<u8>,
    /// Place and length in the arena, and the number that goes with the row.
    rows: Vec<(u32, u32, u64)>,
    runs: Vec<PathBuf>,
}

impl Sorter {
    /// Runs go to files called `name` in `folder`.
    pub(crate) fn new(folder: &Path, name: &'static str) -> Self {
        Self::with_memory(folder, name, limits::SORTED_IN_MEMORY)
    }

    pub(crate) fn with_memory(folder: &Path, name: &'static str, memory: usize) -> Self {
        let (arena, rows) = (Vec::new(), Vec::new());
        Self { folder: folder.to_owned(), name, memory, arena, rows, runs: Vec::new() }
    }

    /// One more row. The number does not count for the order.
    pub(crate) fn push(&mut self, row: &[u8], number: u64) -> io::Result<()> {
        if self.arena.len() + row.len() + self.rows.len() * size_of::<(u32, u32, u64)>() > self.memory {
            self.spill()?;
        }
        let place = u32::try_from(self.arena.len()).map_err(io::Error::other)?;
        let length = u32::try_from(row.len()).map_err(io::Error::other)?;
        self.arena.extend_from_slice(row);
        self.rows.push((place, length, number));
        Ok(())
    }

    /// All rows, in order.
    pub(crate) fn sorted(mut self) -> io::Result<Sorted> {
        if !self.rows.is_empty() {
            self.spill()?;
        }
        let mut sorted = Sorted { runs: Vec::new(), heads: BinaryHeap::new() };
        for path in self.runs {
            let mut run =
                Run { file: BufReader::with_capacity(limits::MERGE_BUFFER, File::open(&path)?), path };
            if let Some((row, number)) = run.next()? {
                sorted.heads.push(Reverse((row, number, sorted.runs.len())));
            }
            sorted.runs.push(run);
        }
        Ok(sorted)
    }

    fn spill(&mut self) -> io::Result<()> {
        let arena = &self.arena;
        let row = |&(place, length, _): &(u32, u32, u64)| &arena[place as usize..][..length as usize];
        self.rows.sort_unstable_by(|a, b| row(a).cmp(row(b)).then(a.2.cmp(&b.2)));
        self.rows.dedup_by(|b, a| row(a) == row(b));
        let path = self.folder.join(format!("{}.{}", self.name, self.runs.len()));
        let mut file = BufWriter::with_capacity(limits::MERGE_BUFFER, File::create(&path)?);
        for entry in &self.rows {
            file.write_all(&entry.1.to_le_bytes())?;
            file.write_all(&entry.2.to_le_bytes())?;
            file.write_all(row(entry))?;
        }
        file.flush()?;
        self.runs.push(path);
        self.arena.clear();
        self.rows.clear();
        Ok(())
    }
}

/// Rows in order, each once.
pub(crate) struct Sorted {
    runs: Vec<Run>,
    heads: BinaryHeap<Reverse<(Vec<u8>, u64, usize)>>,
}

struct Run {
    file: BufReader<File>,
    path: PathBuf,
}

impl Run {
    fn next(&mut self) -> io::Result<Option<(Vec<u8>, u64)>> {
        let mut head = [0; 12];
        match self.file.read_exact(&mut head[..4]) {
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        self.file.read_exact(&mut head[4..])?;
        let (length, number) = head.split_at(4);
        let length = length.iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        let number = number.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let mut row = vec![0; length];
        self.file.read_exact(&mut row)?;
        Ok(Some((row, number)))
    }
}

impl Sorted {
    /// The next row and its number.
    pub(crate) fn next(&mut self) -> io::Result<Option<(Vec<u8>, u64)>> {
        let Some((row, number)) = self.take()? else { return Ok(None) };
        while self.heads.peek().is_some_and(|Reverse((next, _, _))| *next == row) {
            self.take()?;
        }
        Ok(Some((row, number)))
    }

    fn take(&mut self) -> io::Result<Option<(Vec<u8>, u64)>> {
        let Some(mut head) = self.heads.peek_mut() else { return Ok(None) };
        let run = head.0.2;
        // The next row of the same run takes its place: the heap is put in order once.
        let Reverse((row, number, _)) = match self.runs[run].next()? {
            Some((next, its)) => std::mem::replace(&mut *head, Reverse((next, its, run))),
            None => PeekMut::pop(head),
        };
        Ok(Some((row, number)))
    }
}

impl Drop for Sorted {
    fn drop(&mut self) {
        for run in &self.runs {
            // What stays goes with its folder.
            let _ = std::fs::remove_file(&run.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_come_back_in_order_and_once(
            rows in prop::collection::vec(prop::collection::vec(0_u8..4, 0..5), 0..200),
            memory in 1_usize..600,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut sorter = Sorter::with_memory(folder.path(), "t", memory);
            for (number, row) in rows.iter().enumerate() {
                sorter.push(row, number as u64).unwrap();
            }
            let mut sorted = sorter.sorted().unwrap();
            let mut found = Vec::new();
            while let Some(row) = sorted.next().unwrap() {
                found.push(row);
            }
            let mut wanted: Vec<(Vec<u8>, u64)> =
                rows.iter().cloned().enumerate().map(|(number, row)| (row, number as u64)).collect();
            wanted.sort();
            wanted.dedup_by(|b, a| a.0 == b.0);
            prop_assert_eq!(found, wanted);
            drop(sorted);
            prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }
}
