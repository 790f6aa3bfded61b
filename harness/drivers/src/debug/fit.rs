//! Whether an image or a region fits a chip, told before any probe is opened.

use super::image::Image;
use super::target::{flash_trouble, registry};
use brownout_core::port::{Port, PortError, Trouble};
use probe_rs::config::MemoryRegion;
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

/// Looks whether a region of `length` bytes from `address` on lies in one memory of a chip that keeps its contents
/// without power, with no probe present. Nothing is known of a chip that probe-rs does not know.
///
/// # Errors
/// It does not.
pub fn region_fits(address: u32, length: u32, chip: &str) -> Result<(), PortError> {
    match registry().get_target_by_name(chip) {
        Ok(target) => lies_in(&target.memory_map, chip, address, length),
        Err(_) => Ok(()),
    }
}

/// As [`region_fits`], by the chip's memory map.
pub(super) fn lies_in(map: &[MemoryRegion], chip: &str, address: u32, length: u32) -> Result<(), PortError> {
    let (start, end) = (u64::from(address), u64::from(address) + u64::from(length));
    let memories: Vec<_> =
        map.iter().filter(|region| region.is_nvm()).map(MemoryRegion::address_range).collect();
    if memories.iter().any(|memory| memory.start <= start && end <= memory.end) {
        return Ok(());
    }
    let memories: Vec<_> =
        memories.iter().map(|memory| format!("{:#x}..{:#x}", memory.start, memory.end)).collect();
    Err(PortError {
        port: Port::Debug,
        trouble: Trouble::Mismatch,
        message: format!("{start:#x}..{end:#x} is not in the flash of a {chip}"),
        help: Some(format!("its flash is {}", memories.join(" and "))),
    })
}

#[cfg(test)]
mod tests {
    use super::region_fits;

    #[test]
    fn a_region_lies_in_one_memory() {
        let fits = |start, end: u32| region_fits(start, end - start, "nRF52840_xxAA").is_ok();
        assert!(fits(0, 0x10_0000) && fits(0xfc000, 0xfe000) && fits(0x1000_1000, 0x1000_2000));
        assert!(!fits(0xfc000, 0x10_0001) && !fits(0xfc000, 0xffff_fff0) && !fits(0x2000_0000, 0x2000_1000));
        assert!(region_fits(0xfc000, u32::MAX - 0xfc000, "a chip of one's own").is_ok());
    }
}
