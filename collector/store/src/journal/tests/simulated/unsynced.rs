//! What was done to a disk and not synced, and what a loss of power leaves of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a write is torn into.
const SECTOR: usize = 512;

/// SplitMix64: small, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound.max(1)
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// How bad a loss of power is.
#[derive(Clone, Copy)]
pub enum Loss {
    /// Only what was synced is there.
    Everything,
    /// The system had just written it all.
    Nothing,
    /// A beginning of it is there.
    Tail,
    /// Any of it.
    Any,
}

#[derive(Clone)]
pub enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

#[derive(Clone, Default)]
pub struct File {
    pub live: Vec<u8>,
    pub durable: Vec<u8>,
    pub unsynced: Vec<Change>,
}

#[derive(Clone)]
pub enum Naming {
    Add(PathBuf, usize),
    Rename(PathBuf, PathBuf, usize),
    Remove(PathBuf),
}

impl Naming {
    pub fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Add(path, file) => drop(names.insert(path.clone(), *file)),
            Self::Remove(path) => drop(names.remove(path)),
            Self::Rename(from, to, file) => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
        }
    }

    pub fn is_in(&self, directory: &Path) -> bool {
        match self {
            Self::Add(path, _) | Self::Remove(path) | Self::Rename(_, path, _) => path.parent() == Some(directory),
        }
    }
}

impl Change {
    pub fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Truncate(length) => content.truncate(*length),
            Self::Write { at, bytes } => {
                content.resize(content.len().max(at + bytes.len()), 0);
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
        }
    }

    /// In pieces of a sector each, as far as they go to different sectors of the disk.
    fn sectors(&self) -> Vec<Self> {
        let Self::Write { at, bytes } = self else {
            return vec![self.clone()];
        };
        let mut pieces = Vec::new();
        let mut from = 0;
        while from < bytes.len() {
            let to = (from + SECTOR - (at + from) % SECTOR).min(bytes.len());
            pieces.push(Self::Write { at: at + from, bytes: bytes[from..to].to_vec() });
            from = to;
        }
        pieces
    }
}

impl File {
    pub fn lose(&mut self, loss: Loss, random: &mut Random) {
        let pieces: Vec<Change> = self.unsynced.drain(..).flat_map(|change| change.sectors()).collect();
        let longest = self.live.len().max(self.durable.len());
        let kept = random.below(pieces.len() as u64 + 1) as usize;
        for (index, piece) in pieces.iter().enumerate() {
            let survives = match loss {
                Loss::Everything => false,
                Loss::Nothing => true,
                Loss::Tail => index < kept,
                Loss::Any => random.chance(60),
            };
            match piece {
                _ if survives => piece.apply(&mut self.durable),
                // Not even a sector is written at once.
                Change::Write { at, bytes } if matches!(loss, Loss::Any) && random.chance(30) => {
                    let torn = random.below(bytes.len() as u64) as usize;
                    Change::Write { at: *at, bytes: bytes[..torn].to_vec() }.apply(&mut self.durable);
                }
                // The length was written, the content was not.
                Change::Write { at, bytes } if matches!(loss, Loss::Any) && random.chance(30) => {
                    Change::Write { at: *at, bytes: vec![0; bytes.len()] }.apply(&mut self.durable);
                }
                _ => {}
            }
        }
        if matches!(loss, Loss::Any | Loss::Tail) && random.chance(40) {
            self.durable.resize(longest.max(self.durable.len()), 0);
        }
        self.live = self.durable.clone();
    }
}

/// What is left of `names` after the power went, when `unsynced` had been done to them.
pub fn lose_names(unsynced: Vec<Naming>, names: &mut BTreeMap<PathBuf, usize>, loss: Loss, random: &mut Random) {
    let kept = random.below(unsynced.len() as u64 + 1) as usize;
    for (index, naming) in unsynced.into_iter().enumerate() {
        let survives = match loss {
            Loss::Everything => false,
            Loss::Nothing => true,
            Loss::Tail => index < kept,
            Loss::Any => random.chance(50),
        };
        if survives {
            naming.apply(names);
        }
    }
}
