//! A disk in memory that does what disks are allowed to do: it loses, tears, reorders and zero-fills what was not synced,
//! forgets names whose directory was not synced, and fails when told to. Everything follows from its seed.

mod unsynced;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::super::disk::{Disk, DiskFile, Space};
pub use unsynced::Random;
use unsynced::{Change, File, Loss, Naming};

#[derive(Default)]
struct World {
    random: Option<Random>,
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    unsynced_names: Vec<Naming>,
    directories: BTreeSet<PathBuf>,
    /// Counts losses of power; handles of earlier lives are dead.
    life: u64,
    /// Changes and syncs so far.
    operations: u64,
    /// Power is lost at this operation.
    crash_at: Option<u64>,
    crashed: bool,
    /// These operations fail.
    failing: std::ops::Range<u64>,
    space: Option<Space>,
    /// Reading these bytes of these files fails.
    unreadable: Vec<(PathBuf, std::ops::Range<u64>)>,
    syncs_held: bool,
    digest: u64,
}

/// A handle on the simulated disk; clones are the same disk.
#[derive(Clone, Default)]
pub struct Simulated(Arc<(Mutex<World>, Condvar)>);

impl Simulated {
    pub fn new(seed: u64) -> Self {
        let disk = Self::default();
        disk.world().random = Some(Random(seed));
        disk
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.0.lock().unwrap()
    }

    /// Power will be lost in the middle of the operation after `operations` more.
    pub fn crash_after(&self, operations: u64) {
        let mut world = self.world();
        world.crash_at = Some(world.operations + operations);
    }

    pub fn has_crashed(&self) -> bool {
        self.world().crashed
    }

    /// Operation `from` (the first is 0) and `count - 1` after it fail.
    pub fn fail(&self, from: u64, count: u64) {
        self.world().failing = from..from.saturating_add(count);
    }

    pub fn operations(&self) -> u64 {
        self.world().operations
    }

    pub fn set_space(&self, space: Space) {
        self.world().space = Some(space);
    }

    /// While held, syncs of files wait.
    pub fn hold_syncs(&self, held: bool) {
        self.world().syncs_held = held;
        self.0.1.notify_all();
    }

    /// Of everything that was done.
    pub fn digest(&self) -> u64 {
        self.world().digest
    }

    /// Switches off, loses what the dice say, and on again.
    pub fn power_cycle(&self) {
        let mut world = self.world();
        let mut random = world.random.take().unwrap();
        let loss = [Loss::Everything, Loss::Nothing, Loss::Tail, Loss::Any][random.below(4) as usize];
        for file in &mut world.files {
            file.lose(loss, &mut random);
        }
        world.lose_names(loss, &mut random);
        world.random = Some(random);
        world.crash_at = None;
        world.crashed = false;
        world.life += 1;
    }

    /// The program is killed: all that it wrote can be read, and what was not synced is still not on the disk.
    pub fn kill(&self) {
        let mut world = self.world();
        world.crash_at = None;
        world.crashed = false;
        world.failing = 0..0;
        world.life += 1;
    }

    /// Switches off and on, and all that was not synced is gone.
    pub fn lose_everything_unsynced(&self) {
        let mut world = self.world();
        let mut random = Random(0);
        for file in &mut world.files {
            file.lose(Loss::Everything, &mut random);
        }
        world.lose_names(Loss::Everything, &mut random);
        world.failing = 0..0;
        world.life += 1;
    }

    /// Changes the content of a file behind everybody's back.
    pub fn tamper(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut world = self.world();
        let file = world.names[path];
        change(&mut world.files[file].live);
        world.files[file].durable = world.files[file].live.clone();
    }

    /// The medium does not give `bytes` of the file back any more.
    pub fn spoil(&self, path: &Path, bytes: std::ops::Range<u64>) {
        self.world().unreadable.push((path.to_owned(), bytes));
    }

    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let world = self.world();
        world.names.get(path).map(|file| world.files[*file].live.clone())
    }

    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        let mut world = self.world();
        let file = world.files.len();
        world.files.push(File { live: bytes.clone(), durable: bytes, unsynced: vec![] });
        world.names.insert(path.to_owned(), file);
        world.durable_names.insert(path.to_owned(), file);
    }

    fn step(&self, what: &str, path_or_size: &[u8]) -> io::Result<MutexGuard<'_, World>> {
        let mut world = self.world();
        world.step(what, path_or_size)?;
        Ok(world)
    }
}

fn fail() -> io::Error {
    io::Error::from_raw_os_error(5)
}

impl World {
    fn step(&mut self, what: &str, detail: &[u8]) -> io::Result<()> {
        if self.crashed {
            return Err(fail());
        }
        for byte in what.bytes().chain(detail.iter().copied()) {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(5);
        }
        let operation = self.operations;
        self.operations += 1;
        if self.crash_at == Some(operation) {
            self.crashed = true;
            return Err(fail());
        }
        if self.failing.contains(&operation) { Err(fail()) } else { Ok(()) }
    }

    fn lose_names(&mut self, loss: Loss, random: &mut Random) {
        let unsynced = std::mem::take(&mut self.unsynced_names);
        unsynced::lose_names(unsynced, &mut self.durable_names, loss, random);
        self.names = self.durable_names.clone();
    }

    fn name(&mut self, naming: Naming) {
        naming.apply(&mut self.names);
        self.unsynced_names.push(naming);
    }
}

impl Disk for Simulated {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        self.world().directories.insert(path.to_owned());
        Ok(())
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<String>> {
        let world = self.world();
        let within = world.names.keys().filter(|path| path.parent() == Some(directory));
        Ok(within.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.step("create", path.as_os_str().as_encoded_bytes())?;
        if world.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = world.files.len();
        world.files.push(File::default());
        world.name(Naming::Add(path.to_owned(), file));
        Ok(Box::new(SimulatedFile { disk: self.clone(), file, life: world.life }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let world = self.world();
        let file = *world.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(SimulatedFile { disk: self.clone(), file, life: world.life }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.step("rename", to.as_os_str().as_encoded_bytes())?;
        let file = *world.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        world.name(Naming::Rename(from.to_owned(), to.to_owned(), file));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if !self.world().names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.step("remove", path.as_os_str().as_encoded_bytes())?.name(Naming::Remove(path.to_owned()));
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.step("link", to.as_os_str().as_encoded_bytes())?;
        let file = *world.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        match world.names.get(to) {
            Some(other) if *other == file => Ok(()),
            Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
            None => {
                world.name(Naming::Add(to.to_owned(), file));
                Ok(())
            }
        }
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut world = self.step("sync directory", directory.as_os_str().as_encoded_bytes())?;
        let unsynced = std::mem::take(&mut world.unsynced_names);
        let (now, later): (Vec<_>, Vec<_>) = unsynced.into_iter().partition(|naming| naming.is_in(directory));
        world.unsynced_names = later;
        for naming in now {
            naming.apply(&mut world.durable_names);
        }
        Ok(())
    }

    fn space(&self, _path: &Path) -> io::Result<Space> {
        Ok(self.world().space.unwrap_or(Space { free: 1 << 40, total: 1 << 41 }))
    }

    fn random(&self) -> u64 {
        self.world().random.as_mut().unwrap().number()
    }
}

struct SimulatedFile {
    disk: Simulated,
    file: usize,
    life: u64,
}

impl SimulatedFile {
    fn step(&self, what: &str, detail: u64) -> (MutexGuard<'_, World>, io::Result<()>) {
        let mut world = self.disk.world();
        let alive = world.life == self.life;
        let result = if alive { world.step(what, &detail.to_le_bytes()) } else { Err(fail()) };
        (world, result)
    }
}

impl DiskFile for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.world().files[self.file].live.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        let world = self.disk.world();
        let end = at + buffer.len() as u64;
        let is_spoiled = |(path, bytes): &(PathBuf, std::ops::Range<u64>)| {
            world.names.get(path) == Some(&self.file) && at < bytes.end && bytes.start < end
        };
        if world.unreadable.iter().any(is_spoiled) {
            return Err(fail());
        }
        let wanted = world.files[self.file].live.get(at as usize..at as usize + buffer.len());
        buffer.copy_from_slice(wanted.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let dead = self.disk.has_crashed();
        let (mut world, result) = self.step("write", at + ((bytes.len() as u64) << 32));
        let written = match &result {
            Err(_) if dead => 0,
            Ok(()) => bytes.len(),
            // Cut off in the middle.
            Err(_) => world.random.as_mut().unwrap().below(bytes.len() as u64 + 1) as usize,
        };
        if world.life == self.life {
            let change = Change::Write { at: at as usize, bytes: bytes[..written].to_vec() };
            let file = &mut world.files[self.file];
            change.apply(&mut file.live);
            file.unsynced.push(change);
        }
        result
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let (mut world, result) = self.step("truncate", length);
        result?;
        let file = &mut world.files[self.file];
        let change = Change::Truncate(length as usize);
        change.apply(&mut file.live);
        file.unsynced.push(change);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let (mut world, result) = self.step("sync", self.file as u64);
        while world.syncs_held {
            world = self.disk.0.1.wait(world).unwrap();
        }
        let crashed = world.crashed;
        let file = &mut world.files[self.file];
        match result {
            Ok(()) => {
                for change in std::mem::take(&mut file.unsynced) {
                    change.apply(&mut file.durable);
                }
                Ok(())
            }
            Err(error) => {
                if !crashed {
                    // The kernel calls the pages clean from now on: they can be read, and no later sync writes them.
                    file.unsynced.clear();
                }
                Err(error)
            }
        }
    }
}
