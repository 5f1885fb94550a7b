//! A request's body: read piece by piece, in time, undone from its encoding, and never past the share of memory it was given.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use crate::admission::{Patience, Share};
use crate::encoding::{Encoding, Inflater, STEP};
use crate::refusal::Refusal;

/// What a body of unknown size is given before it is read; most are smaller.
pub(crate) const FIRST_SHARE: usize = 256 << 10;

/// How long a body may take.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) pause: Duration,
    pub(crate) total: Duration,
}

/// The pieces of a body as they arrive, each in time.
pub(crate) struct Pieces<'a, B> {
    body: &'a mut B,
    pause: Duration,
    deadline: Instant,
    /// Bytes that arrived so far.
    taken: u64,
}

impl<'a, B> Pieces<'a, B>
where
    B: Body<Data = Bytes> + Unpin,
{
    pub(crate) fn new(body: &'a mut B, pace: Pace) -> Self {
        Self { body, pause: pace.pause, deadline: Instant::now() + pace.total, taken: 0 }
    }

    /// The next piece; `None` at the end of the body.
    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            let until = self.deadline.min(Instant::now() + self.pause);
            let frame = timeout_at(until, self.body.frame()).await.map_err(|_| Refusal::TooSlow)?;
            match frame.transpose().map_err(|_| Refusal::CutOff)? {
                None => return Ok(None),
                // Empty pieces and trailers say nothing here.
                Some(frame) => match frame.into_data() {
                    Ok(piece) if piece.has_remaining() => {
                        self.taken += piece.len() as u64;
                        return Ok(Some(piece));
                    }
                    _ => {}
                },
            }
        }
    }
}

/// A body that was read: its content, and how many bytes that were on the wire.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Bytes,
    pub(crate) wire_bytes: u64,
}

/// The way of a body into memory.
struct Filling<'a> {
    inflater: Inflater,
    limit: usize,
    step: usize,
    share: &'a mut Share,
    patience: &'a mut Patience,
}

impl<'a> Filling<'a> {
    fn new(
        encoding: Encoding,
        limit: usize,
        share: &'a mut Share,
        patience: &'a mut Patience,
    ) -> Result<Self, Refusal> {
        // Only a zstd context that cannot be allocated fails here.
        let inflater = Inflater::new(encoding, limit).map_err(|_| Refusal::Panicked)?;
        let step = if encoding == Encoding::Identity { usize::MAX } else { STEP };
        Ok(Self { inflater, limit, step, share, patience })
    }

    async fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        for step in piece.chunks(self.step) {
            self.inflater.push(step)?;
            if self.inflater.len() > self.share.bytes() {
                // By doubling, so that a large body waits a few times and not a thousand.
                self.share.grow_to((2 * self.inflater.len()).min(self.limit), self.patience).await?;
            }
        }
        Ok(())
    }
}

/// Reads an OTLP/HTTP body: one message, possibly compressed. `limit`: the most bytes before and after decompression.
pub(crate) async fn read_http<B>(
    mut pieces: Pieces<'_, B>,
    encoding: Encoding,
    limit: usize,
    share: &mut Share,
    patience: &mut Patience,
) -> Result<Content, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut filling = Filling::new(encoding, limit, share, patience)?;
    while let Some(piece) = pieces.next().await? {
        if pieces.taken > limit as u64 {
            return Err(Refusal::TooLarge { limit });
        }
        filling.push(&piece).await?;
    }
    let bytes = filling.inflater.finish(pieces.taken as usize)?;
    Ok(Content { bytes, wire_bytes: pieces.taken })
}

/// gRPC puts a flag (compressed or not) and four bytes of length before each message.
const PREFIX: usize = 5;

/// Reads the one message of a unary gRPC call. `encoding`: what its flag means by compressed.
pub(crate) async fn read_grpc<B>(
    mut pieces: Pieces<'_, B>,
    encoding: Encoding,
    limit: usize,
    share: &mut Share,
    patience: &mut Patience,
) -> Result<Content, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let malformed = |problem: &str| Refusal::Malformed { place: "gRPC message".into(), problem: problem.into() };
    let mut head = BytesMut::new();
    while head.len() < PREFIX {
        let piece = pieces.next().await?.ok_or_else(|| malformed("there is none"))?;
        // The first piece usually holds the prefix and more; only a prefix in pieces is put together here.
        head.extend_from_slice(&piece);
    }
    let encoding = match head[0] {
        0 => Encoding::Identity,
        1 if encoding != Encoding::Identity => encoding,
        1 => return Err(malformed("it is compressed without saying how")),
        _ => return Err(malformed("its flag is neither 0 nor 1")),
    };
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if length > limit {
        return Err(Refusal::TooLarge { limit });
    }
    head.advance(PREFIX);
    share.grow_to(length, patience).await?;
    let mut filling = Filling::new(encoding, limit, share, patience)?;
    let mut missing = length;
    let mut piece = head.freeze();
    loop {
        if piece.len() > missing {
            return Err(malformed("more follows it"));
        }
        missing -= piece.len();
        filling.push(&piece).await?;
        match pieces.next().await? {
            Some(next) => piece = next,
            None if missing > 0 => return Err(Refusal::CutOff),
            None => break,
        }
    }
    let bytes = filling.inflater.finish(length)?;
    Ok(Content { bytes, wire_bytes: pieces.taken })
}

/// Reads and forgets what a refused sender still sends, so that it gets to read the answer: closing a connection with
/// unread bytes resets it, and the answer is lost. Gives up after `bytes` or `time`.
pub(crate) async fn drain<B>(body: &mut B, bytes: u64, time: Duration)
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut pieces = Pieces::new(body, Pace { pause: time, total: time });
    while pieces.taken < bytes && matches!(pieces.next().await, Ok(Some(_))) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Pool;
    use crate::encoding::tests::compressed;
    use futures_util::stream::{self, Stream};
    use http_body::Frame;
    use http_body_util::StreamBody;
    use tokio_util::sync::CancellationToken;

    const PACE: Pace = Pace { pause: Duration::from_secs(10), total: Duration::from_secs(30) };

    type Piece = Result<Frame<Bytes>, std::io::Error>;

    fn body(pieces: Vec<Vec<u8>>) -> StreamBody<impl Stream<Item = Piece> + Unpin> {
        StreamBody::new(stream::iter(pieces.into_iter().map(|piece| Ok(Frame::data(piece.into())))))
    }

    async fn http<B: Body<Data = Bytes> + Unpin>(mut body: B, encoding: Encoding) -> Result<Content, Refusal> {
        let pool = Pool::new(1 << 20, CancellationToken::new());
        let mut patience = Patience::new(Duration::from_secs(3));
        let mut share = pool.take(1024, &mut patience).await.unwrap();
        read_http(Pieces::new(&mut body, PACE), encoding, 100_000, &mut share, &mut patience).await
    }

    async fn grpc(pieces: Vec<Vec<u8>>, encoding: Encoding) -> Result<Content, Refusal> {
        let pool = Pool::new(1 << 20, CancellationToken::new());
        let mut patience = Patience::new(Duration::from_secs(3));
        let mut share = pool.take(1024, &mut patience).await.unwrap();
        let mut body = body(pieces);
        read_grpc(Pieces::new(&mut body, PACE), encoding, 100_000, &mut share, &mut patience).await
    }

    fn message(flag: u8, content: &[u8]) -> Vec<u8> {
        [&[flag], (content.len() as u32).to_be_bytes().as_slice(), content].concat()
    }

    #[tokio::test]
    async fn a_body_arrives_in_pieces_of_any_size() {
        let content = http(body(vec![b"he".to_vec(), vec![], b"llo".to_vec()]), Encoding::Identity).await.unwrap();
        assert_eq!((&content.bytes[..], content.wire_bytes), (&b"hello"[..], 5));
        let gzip = compressed(Encoding::Gzip, &[7; 50_000]);
        let (head, rest) = gzip.split_at(10);
        let content = http(body(vec![head.to_vec(), rest.to_vec()]), Encoding::Gzip).await.unwrap();
        assert_eq!(content.bytes, vec![7; 50_000]);
    }

    #[tokio::test]
    async fn a_message_may_come_apart_from_its_prefix_or_byte_by_byte() {
        let whole = message(0, b"hello");
        let bytewise = whole.iter().map(|byte| vec![*byte]).collect();
        for pieces in [vec![whole.clone()], vec![whole[..5].to_vec(), whole[5..].to_vec()], bytewise] {
            assert_eq!(grpc(pieces, Encoding::Identity).await.unwrap().bytes, "hello");
        }
        let squeezed = message(1, &compressed(Encoding::Zstd, b"hello"));
        assert_eq!(grpc(vec![squeezed], Encoding::Zstd).await.unwrap().bytes, "hello");
        assert_eq!(grpc(vec![message(0, b"")], Encoding::Gzip).await.unwrap().bytes, "");
    }

    #[tokio::test]
    async fn what_is_no_single_message_is_refused() {
        let reason = async |pieces, encoding| grpc(pieces, encoding).await.unwrap_err().reason();
        assert_eq!(reason(vec![], Encoding::Identity).await, "malformed");
        assert_eq!(reason(vec![message(2, b"x")], Encoding::Identity).await, "malformed");
        assert_eq!(reason(vec![message(1, b"x")], Encoding::Identity).await, "malformed");
        assert_eq!(reason(vec![message(0, b"x"), message(0, b"y")], Encoding::Identity).await, "malformed");
        assert_eq!(reason(vec![message(0, b"xyz")[..7].to_vec()], Encoding::Identity).await, "cut off");
        assert_eq!(reason(vec![vec![0, 0xff, 0xff, 0xff, 0xff]], Encoding::Identity).await, "too large");
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_too_large_before_and_after_decompression() {
        let refusal = http(body(vec![vec![0; 60_000], vec![0; 60_000]]), Encoding::Identity).await.unwrap_err();
        assert_eq!(refusal.reason(), "too large");
        let bomb = compressed(Encoding::Gzip, &[0; 200_000]);
        assert!(bomb.len() < 1000);
        assert_eq!(http(body(vec![bomb]), Encoding::Gzip).await.unwrap_err().reason(), "too large");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_sender_is_cut_after_ten_seconds_and_a_slow_one_after_thirty() {
        let silent = StreamBody::new(stream::pending::<Piece>());
        let started = Instant::now();
        assert_eq!(http(silent, Encoding::Identity).await.unwrap_err(), Refusal::TooSlow);
        assert_eq!(started.elapsed().as_secs(), 10);

        let slow = StreamBody::new(Box::pin(stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"x"))), ()))
        })));
        let started = Instant::now();
        assert_eq!(http(slow, Encoding::Identity).await.unwrap_err(), Refusal::TooSlow);
        assert_eq!(started.elapsed().as_secs(), 30);
    }

    #[tokio::test]
    async fn a_sender_that_goes_away_is_cut_off() {
        let gone = StreamBody::new(stream::iter([
            Ok(Frame::data(Bytes::from_static(b"x"))),
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
        ]));
        assert_eq!(http(gone, Encoding::Identity).await.unwrap_err(), Refusal::CutOff);
    }
}
