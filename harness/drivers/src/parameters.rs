//! Parameters of drivers that may not have been built in.

brownout_core::record! {
    /// The virtual board that brownout carries, an nRF52840. It takes no parameters.
    ///
    /// `virtual: {}`
    pub struct VirtualParams {}
}
