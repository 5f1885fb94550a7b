//! Content encodings, undone piece by piece and never past a limit.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, Operation};

use crate::refusal::Refusal;

/// The largest zstd window taken: 8 MiB, which RFC 8878 asks every decoder to support. More would be memory for the asking.
const MAX_ZSTD_WINDOW_LOG: u32 = 23;

/// How much of a compressed body is undone at a time: deflate grows a thousandfold at most, so a step adds 4 MiB or less.
pub(crate) const STEP: usize = 4096;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Zstd,
    /// HTTP's "deflate" is zlib. Some senders leave its two header bytes out, which can be told.
    Deflate,
}

/// What `grpc-accept-encoding` says.
pub(crate) const ACCEPTED: &str = "identity,gzip,zstd,deflate";

impl Encoding {
    /// From `Content-Encoding` or `grpc-encoding`; `None` for one we do not know, or for several at once.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            "deflate" => Some(Self::Deflate),
            _ => None,
        }
    }
}

/// Undoes one body's encoding.
pub(crate) struct Inflater {
    state: State,
    limit: usize,
}

enum State {
    Identity(Capped),
    Gzip(Box<MultiGzDecoder<Capped>>),
    Zstd(Box<Zstd>),
    /// The first bytes decide between zlib and bare deflate.
    DeflateHead(Vec<u8>, Capped),
    Zlib(Box<ZlibDecoder<Capped>>),
    BareDeflate(Box<DeflateDecoder<Capped>>),
}

impl Inflater {
    /// `limit`: the most bytes that may come out.
    pub(crate) fn new(encoding: Encoding, limit: usize) -> io::Result<Self> {
        let out = Capped { bytes: Vec::new(), limit };
        let state = match encoding {
            Encoding::Identity => State::Identity(out),
            Encoding::Gzip => State::Gzip(Box::new(MultiGzDecoder::new(out))),
            Encoding::Zstd => State::Zstd(Box::new(Zstd::new(out)?)),
            Encoding::Deflate => State::DeflateHead(Vec::new(), out),
        };
        Ok(Self { state, limit })
    }

    /// Takes the next compressed bytes, at most [`STEP`] at a time unless they are not compressed.
    pub(crate) fn push(&mut self, input: &[u8]) -> Result<(), Refusal> {
        if let State::DeflateHead(head, out) = &mut self.state {
            head.extend_from_slice(input);
            if head.len() < 2 {
                return Ok(());
            }
            let head = std::mem::take(head);
            let out = std::mem::take(out);
            self.state = if is_zlib(&head) {
                State::Zlib(Box::new(ZlibDecoder::new(out)))
            } else {
                State::BareDeflate(Box::new(DeflateDecoder::new(out)))
            };
            return self.push(&head);
        }
        let written = match &mut self.state {
            State::Identity(out) => out.write_all(input),
            State::Gzip(decoder) => decoder.write_all(input),
            State::Zstd(decoder) => decoder.push(input),
            State::Zlib(decoder) => decoder.write_all(input),
            State::BareDeflate(decoder) => decoder.write_all(input),
            State::DeflateHead(..) => Ok(()),
        };
        written.map_err(|error| self.refusal(&error))
    }

    /// How many bytes came out so far.
    pub(crate) fn len(&self) -> usize {
        match &self.state {
            State::Identity(out) | State::DeflateHead(_, out) => out.bytes.len(),
            State::Gzip(decoder) => decoder.get_ref().bytes.len(),
            State::Zstd(decoder) => decoder.out.bytes.len(),
            State::Zlib(decoder) => decoder.get_ref().bytes.len(),
            State::BareDeflate(decoder) => decoder.get_ref().bytes.len(),
        }
    }

    /// The whole body, when the encoding ended properly. Nothing at all is an empty body in any encoding.
    pub(crate) fn finish(self, taken: usize) -> Result<Bytes, Refusal> {
        if taken == 0 {
            return Ok(Bytes::new());
        }
        let limit = self.limit;
        let finished = match self.state {
            State::Identity(out) => Ok(out),
            State::Gzip(decoder) => decoder.finish(),
            State::Zstd(decoder) => decoder.finish(),
            State::DeflateHead(..) => Err(io::ErrorKind::UnexpectedEof.into()),
            State::Zlib(decoder) => decoder.finish(),
            State::BareDeflate(decoder) => decoder.finish(),
        };
        finished.map(|out| Bytes::from(out.bytes)).map_err(|error| refusal(&error, limit))
    }

    fn refusal(&self, error: &io::Error) -> Refusal {
        refusal(error, self.limit)
    }
}

fn refusal(error: &io::Error, limit: usize) -> Refusal {
    if error.kind() == io::ErrorKind::FileTooLarge {
        Refusal::TooLarge { limit }
    } else {
        Refusal::Malformed { place: "body".into(), problem: "compressed data is damaged or cut off".into() }
    }
}

/// RFC 1950: method 8, and the first two bytes are a multiple of 31.
fn is_zlib(head: &[u8]) -> bool {
    head[0] & 0x0f == 8 && (u16::from(head[0]) << 8 | u16::from(head[1])) % 31 == 0
}

/// Bytes up to a limit, then an error of kind `FileTooLarge`.
#[derive(Default)]
struct Capped {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for Capped {
    fn write(&mut self, input: &[u8]) -> io::Result<usize> {
        if input.len() > self.limit - self.bytes.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(input);
        Ok(input.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// zstd by its raw operation: the stream type cannot say whether the last frame was complete.
struct Zstd {
    decoder: ZstdDecoder<'static>,
    buffer: Vec<u8>,
    out: Capped,
    frame_complete: bool,
}

impl Zstd {
    fn new(out: Capped) -> io::Result<Self> {
        let mut decoder = ZstdDecoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(MAX_ZSTD_WINDOW_LOG))?;
        Ok(Self { decoder, buffer: vec![0; 128 << 10], out, frame_complete: true })
    }

    fn push(&mut self, mut input: &[u8]) -> io::Result<()> {
        loop {
            let status = self.decoder.run_on_buffers(input, &mut self.buffer)?;
            input = &input[status.bytes_read..];
            self.out.write_all(&self.buffer[..status.bytes_written])?;
            self.frame_complete = status.remaining == 0;
            let buffer_full = status.bytes_written == self.buffer.len();
            if input.is_empty() && !buffer_full {
                return Ok(());
            }
            // A decoder that neither reads nor writes would keep us here for ever.
            if status.bytes_read == 0 && status.bytes_written == 0 {
                return if input.is_empty() { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) };
            }
        }
    }

    fn finish(self) -> io::Result<Capped> {
        if self.frame_complete { Ok(self.out) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use flate2::Compression;

    pub(crate) fn compressed(encoding: Encoding, plain: &[u8]) -> Vec<u8> {
        match encoding {
            Encoding::Identity => plain.to_vec(),
            Encoding::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            Encoding::Deflate => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            Encoding::Zstd => zstd::encode_all(plain, 3).unwrap(),
        }
    }

    fn undone(encoding: Encoding, input: &[u8], step: usize, limit: usize) -> Result<Bytes, Refusal> {
        let mut inflater = Inflater::new(encoding, limit).unwrap();
        for piece in input.chunks(step) {
            inflater.push(piece)?;
        }
        inflater.finish(input.len())
    }

    const ALL: [Encoding; 4] = [Encoding::Identity, Encoding::Gzip, Encoding::Zstd, Encoding::Deflate];

    #[test]
    fn every_encoding_gives_back_what_went_in_whatever_the_pieces() {
        let plain: Vec<u8> = (0..300_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        for encoding in ALL {
            let input = compressed(encoding, &plain);
            for step in [1, 10, STEP, usize::MAX] {
                assert!(undone(encoding, &input, step, plain.len()).unwrap() == plain, "{encoding:?} {step}");
            }
        }
    }

    #[test]
    fn one_byte_over_the_limit_is_too_large() {
        let plain = vec![7; 1 << 20];
        for encoding in ALL {
            let input = compressed(encoding, &plain);
            let refusal = undone(encoding, &input, STEP, plain.len() - 1).unwrap_err();
            assert_eq!(refusal, Refusal::TooLarge { limit: plain.len() - 1 }, "{encoding:?}");
        }
    }

    #[test]
    fn what_is_cut_off_or_damaged_is_malformed() {
        let plain: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        for encoding in [Encoding::Gzip, Encoding::Zstd, Encoding::Deflate] {
            let whole = compressed(encoding, &plain);
            for cut in [1, 3, whole.len() / 2, whole.len() - 1] {
                let refusal = undone(encoding, &whole[..cut], STEP, plain.len()).unwrap_err();
                assert_eq!(refusal.reason(), "malformed", "{encoding:?} {cut}");
            }
            let mut damaged = whole.clone();
            damaged[0] ^= 0x55;
            assert!(undone(encoding, &damaged, STEP, plain.len()).is_err(), "{encoding:?}");
        }
    }

    #[test]
    fn several_gzip_members_and_zstd_frames_are_one_body() {
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let input = [compressed(encoding, b"one "), compressed(encoding, b"two")].concat();
            assert_eq!(undone(encoding, &input, 5, 100).unwrap(), "one two", "{encoding:?}");
        }
    }

    #[test]
    fn bare_deflate_is_taken_for_what_it_is() {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"bare").unwrap();
        assert_eq!(undone(Encoding::Deflate, &encoder.finish().unwrap(), 1, 100).unwrap(), "bare");
    }

    #[test]
    fn a_zstd_window_over_eight_mebibytes_is_refused() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.include_contentsize(false).unwrap();
        encoder.write_all(&vec![1; 1 << 20]).unwrap();
        assert!(undone(Encoding::Zstd, &encoder.finish().unwrap(), STEP, 2 << 20).is_err());
    }

    #[test]
    fn names_are_read_in_any_case_and_two_at_once_are_not_known() {
        assert_eq!(Encoding::named("GZip"), Some(Encoding::Gzip));
        assert_eq!(Encoding::named(" identity "), Some(Encoding::Identity));
        assert_eq!(Encoding::named("gzip, gzip"), None);
        assert_eq!(Encoding::named("snappy"), None);
    }
}
