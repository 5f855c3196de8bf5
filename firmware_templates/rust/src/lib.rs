// lib.rs: @MARK@
//! The model `@MODEL@`: integer-only C, called safely. `no_std`, without allocation.
//!
//! The C works in one static arena, so only one call may run at a time: a second one, from another thread or from an
//! interrupt, panics. Chips without atomic exchange (Cortex-M0) have the `unsafe` functions of [`c`] only.
#![no_std]

/// The C functions. They share an arena: calls must not overlap in time.
pub mod c {
    /// C's `int`.
    #[cfg(not(target_pointer_width = "16"))]
    pub type Int = i32;
    /// C's `int`.
    #[cfg(target_pointer_width = "16")]
    pub type Int = i16;

    /// What `@NAME@_selftest` found.
    #[repr(C)]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct SelfTest {
        /// Samples compared; 0 where there are no known results.
        pub samples: Int,
        /// 1 if all are equal.
        pub passed: Int,
        /// Of the slowest inference, by the clock that was given.
        pub ticks: u32,
        /// The first output that differs.
        pub output: Int,
        /// The first sample that differs.
        pub sample: Int,
        /// The first element that differs.
        pub element: i32,
        /// Our value of it.
        pub got: i32,
        /// The known one.
        pub known: i32,
    }

    extern "C" {
        @RUST_EXTERN@
        pub fn @NAME@_selftest(clock: Option<extern "C" fn() -> u32>, result: *mut SelfTest);
    }
}

#[cfg(target_has_atomic = "8")]
mod safe {
    use super::c;
    use core::sync::atomic::{AtomicBool, Ordering};

    static RUNNING: AtomicBool = AtomicBool::new(false);

    struct Running;

    impl Running {
        fn begin() -> Self {
            assert!(!RUNNING.swap(true, Ordering::Acquire), "the model is running already");
            Running
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            RUNNING.store(false, Ordering::Release);
        }
    }

    @RUST_FUNCTIONS@

    /// Compares with known results. `clock` counts up and may wrap around.
    pub fn self_test(clock: Option<extern "C" fn() -> u32>) -> c::SelfTest {
        let _running = Running::begin();
        let mut result = c::SelfTest::default();
        // SAFETY: the structure has the layout of the C, and nobody else is in the arena.
        unsafe { c::@NAME@_selftest(clock, &mut result) };
        result
    }
}

#[cfg(target_has_atomic = "8")]
pub use safe::*;
