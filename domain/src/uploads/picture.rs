//! From the bytes of a file to squares of JPEG. One at a time: a large picture takes memory.

use std::{
    io::Cursor,
    sync::{Arc, atomic::AtomicUsize},
};

use image::{
    DynamicImage, ImageDecoder as _, ImageReader, Limits, Rgb, RgbImage, codecs::jpeg::JpegEncoder,
    imageops::FilterType,
};
use tokio::sync::Semaphore;

use super::SIZES;
use crate::{Error, Result, line::Place};

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;
/// What who sends a larger one hears.
pub const TOO_LARGE: &str = "Upload an image smaller than 10 MB.";
/// The most pixels: what the largest cameras take.
const MAX_PIXELS: u64 = 50_000_000;
/// As many may wait.
const QUEUE: usize = 8;
const QUALITY: u8 = 85;

/// A picture in every size, as JPEG.
#[derive(Clone, Debug)]
pub struct Sides(pub(super) Vec<(i32, Vec<u8>)>);

/// Where pictures are cut.
pub(crate) struct Studio {
    turn: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for Studio {
    fn default() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), waiting: AtomicUsize::new(0) }
    }
}

impl Studio {
    /// The middle square of a picture, in every size.
    ///
    /// # Errors
    /// `Invalid` for what is no picture, or has too many or too few pixels; `TooLarge`; `Unavailable` where too many wait.
    pub(crate) async fn cut(&self, bytes: Vec<u8>) -> Result<Sides> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::TooLarge(TOO_LARGE));
        }
        let _place = Place::take(&self.waiting, QUEUE)?;
        let permit = Arc::clone(&self.turn).acquire_owned().await.map_err(Error::internal)?;
        let cut = tokio::task::spawn_blocking(move || {
            let sides = sides(&bytes);
            drop(permit);
            sides
        });
        cut.await.map_err(Error::internal)?
    }
}

fn unfit(detail: &'static str) -> Error {
    Error::invalid("picture", detail)
}

fn sides(bytes: &[u8]) -> Result<Sides> {
    let unread = |_| unfit("This picture cannot be read. Take a PNG, JPEG, WebP or GIF.");
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = reader.map_err(|_| unfit("This picture cannot be read."))?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(256 * 1024 * 1024);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unread)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(unfit("This picture has too many pixels. 50 million are the most."));
    }
    if width.min(height) < 16 {
        return Err(unfit("This picture is too small to show anybody."));
    }
    // How the camera was held is all that is taken from beside the pixels.
    let orientation = decoder.orientation().map_err(unread)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unread)?;
    picture.apply_orientation(orientation);
    let side = picture.width().min(picture.height());
    let (x, y) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    let square = picture.crop_imm(x, y, side, side);
    let sized = |size: i32| {
        let pixels = size.unsigned_abs();
        let sized = square.resize_exact(pixels, pixels, FilterType::CatmullRom);
        let mut jpeg = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
        on_paper(&sized).write_with_encoder(encoder).map_err(Error::internal)?;
        Ok((size, jpeg))
    };
    SIZES.into_iter().map(sized).collect::<Result<_>>().map(Sides)
}

/// JPEG has no holes to see through.
fn on_paper(picture: &DynamicImage) -> RgbImage {
    let seen = picture.to_rgba8();
    RgbImage::from_fn(seen.width(), seen.height(), |x, y| {
        let [r, g, b, a] = seen.get_pixel(x, y).0;
        let over = |channel: u8| {
            let (channel, a) = (u16::from(channel), u16::from(a));
            u8::try_from((channel * a + 255 * (255 - a)) / 255).unwrap_or(u8::MAX)
        };
        Rgb([over(r), over(g), over(b)])
    })
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgba, RgbaImage};

    use super::*;

    fn written(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let picture = RgbaImage::from_fn(width, height, |x, _| {
            if x < width / 2 { Rgba([200, 30, 30, 255]) } else { Rgba([0, 0, 0, 0]) }
        });
        let mut bytes = Cursor::new(Vec::new());
        let picture = DynamicImage::from(picture);
        let picture = if format == ImageFormat::Jpeg { picture.to_rgb8().into() } else { picture };
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn why(bytes: &[u8]) -> String {
        match sides(bytes) {
            Err(Error::Invalid { detail, .. }) => detail.into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn whatever_comes_in_is_written_anew_as_squares() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            let mut file = written(640, 400, format);
            // What hides behind the picture does not come along.
            file.extend(b"<script>alert(1)</script>");
            let Sides(sides) = sides(&file).unwrap();
            for (size, bytes) in sides {
                assert_eq!(image::guess_format(&bytes).unwrap(), ImageFormat::Jpeg);
                let read = image::load_from_memory(&bytes).unwrap();
                assert_eq!((read.width(), read.height()), (96.max(size as u32), size as u32));
                assert!(!bytes.windows(8).any(|part| part == b"<script>"));
            }
        }
    }

    #[test]
    fn what_is_no_picture_or_too_much_of_one_is_refused_in_words() {
        let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
        for no_picture in [&svg[..], b"", b"GIF89a", b"%PDF-1.7", &[0x89, b'P', b'N', b'G']] {
            assert!(why(no_picture).contains("cannot be read"));
        }
        assert!(why(&written(8, 400, ImageFormat::Png)).contains("too small"));
        // A header that promises 50,000 × 50,000.
        let mut bomb = written(64, 64, ImageFormat::Png);
        bomb[16..24].copy_from_slice(&[0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50]);
        let crc = crc(&bomb[12..29]).to_be_bytes();
        bomb[29..33].copy_from_slice(&crc);
        assert!(why(&bomb).contains("too many pixels"), "{}", why(&bomb));
    }

    #[tokio::test]
    async fn ten_megabytes_are_the_most() {
        let error = Studio::default().cut(vec![0; MAX_BYTES + 1]).await.unwrap_err();
        assert_eq!(error.to_string(), "Upload an image smaller than 10 MB.");
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            })
        })
    }
}
