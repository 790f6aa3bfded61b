//! Whether an image fits a chip, told before any probe is opened.

use super::image::Image;
use super::target::{flash_trouble, registry};
use brownout_core::port::PortError;
use std::path::Path;

/// Looks whether an image can be written into a chip, with no probe present.
///
/// A chip that probe-rs does not know is not the image's fault: the debug port says so when it attaches.
///
/// # Errors
/// The file cannot be read, is no ELF file for a 32-bit Arm, or lies outside the chip's memory.
pub fn image_fits(image: &Path, chip: &str) -> Result<(), PortError> {
    let segments = Image::read(image)?.segments;
    let Ok(target) = registry().get_target_by_name(chip) else { return Ok(()) };
    let mut loader = target.flash_loader();
    for (address, data) in &segments {
        loader
            .add_data(*address, data)
            .map_err(|error| flash_trouble(chip, image, "the debug probe", &error))?;
    }
    Ok(())
}
