//! A picture as a PPM file (`P6`): the simplest format there is.

use bytes::Bytes;

/// Rows of red, green and blue, a byte each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

impl Picture {
    /// `None` when `file` is no whole PPM with 256 shades a colour.
    pub fn read(file: &[u8]) -> Option<Self> {
        let mut rest = file;
        let mut words = [""; 4];
        for word in &mut words {
            let end = rest.iter().position(u8::is_ascii_whitespace)?;
            *word = std::str::from_utf8(&rest[..end]).ok()?;
            rest = &rest[end + 1..];
        }
        let (width, height): (usize, usize) = (words[1].parse().ok()?, words[2].parse().ok()?);
        let length = width.checked_mul(height)?.checked_mul(3)?;
        let sound = words[0] == "P6" && words[3] == "255" && length > 0;
        sound.then(|| Some(Self { width, height, pixels: rest.get(..length)?.to_vec() }))?
    }

    pub fn write(&self) -> Bytes {
        let mut file = head(self.width, self.height);
        file.extend_from_slice(&self.pixels);
        file.into()
    }

    /// The file of a picture that shades from corner to corner.
    pub(crate) fn sample(width: usize, height: usize) -> Bytes {
        let mut file = head(width, height);
        for row in 0..height {
            file.extend((0..width).flat_map(|at| {
                let (across, down) = ((at * 255 / width) as u8, (row * 255 / height) as u8);
                [across, down, 255 - across / 2 - down / 2]
            }));
        }
        file.into()
    }

    /// At most `widest` pixels wide, each the mean of those it stands for.
    pub fn shrunk(&self, widest: usize) -> Self {
        let by = self.width.div_ceil(widest).max(1);
        let (width, height) = ((self.width / by).max(1), (self.height / by).max(1));
        let mut pixels = Vec::with_capacity(width * height * 3);
        for (y, x, colour) in (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |c| (y, x, c)))) {
            let rows = y * by..((y + 1) * by).min(self.height);
            let columns = x * by..((x + 1) * by).min(self.width);
            let count = rows.len() * columns.len();
            let at = |row: usize, column: usize| usize::from(self.pixels[(row * self.width + column) * 3 + colour]);
            let sum: usize =
                rows.flat_map(|row| columns.clone().map(move |column| (row, column))).map(|(r, c)| at(r, c)).sum();
            pixels.push((sum / count) as u8);
        }
        Self { width, height, pixels }
    }
}

fn head(width: usize, height: usize) -> Vec<u8> {
    format!("P6\n{width} {height}\n255\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_read_as_it_was_written_and_shrinks_to_the_mean() {
        let picture = Picture::read(&Picture::sample(640, 480)).unwrap();
        assert_eq!(Picture::read(&picture.write()).unwrap(), picture);
        let small = picture.shrunk(160);
        assert_eq!((small.width, small.height, small.pixels.len()), (160, 120, 160 * 120 * 3));
        let two = Picture { width: 2, height: 1, pixels: vec![0, 10, 20, 100, 30, 40] };
        assert_eq!(two.shrunk(1).pixels, [50, 20, 30]);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for wrong in [&b"P6\n2 1\n255\n12345"[..], b"P5\n1 1\n255\n123", b"P6\n0 1\n255\n", b"", b"P6\n9 9"] {
            assert_eq!(Picture::read(wrong), None, "{wrong:?}");
        }
    }
}
