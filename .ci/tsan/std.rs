//! Tells ThreadSanitizer what the standard library orders.
//!
//! `std` comes compiled and without the sanitizer. What of it is inlined into a crate is compiled with that crate, and seen: a lock that
//! is free, a `OnceLock` that is set. What is not inlined is not seen, such as the lock that is waited for: the sanitizer would report each
//! access that it guards. So the linker puts these functions around those of `std` (`--wrap`), and they say what those order.
//! `.ci/sanitize` gives them their names, which differ from compiler to compiler: `wrap_x` stands around `real_x`.
//!
//! Nor does the sanitizer know fences. One of them orders memory that is freed: an `Arc` that goes counts itself out with release, and if
//! it was the last one, it frees after an acquire fence, which takes over what the others released to the counter. So an acquire fence
//! takes over what was released to the counter that its thread lowered last.
//!
//! An order that is not there must not be told. Where an address is not known exactly, the words next to it are told too; nothing else
//! is ordered by those.

#![no_std]
#![feature(thread_local)]

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;
use core::time::Duration;

unsafe extern "C" {
    safe fn __tsan_acquire(address: *mut c_void);
    safe fn __tsan_release(address: *mut c_void);
    fn __real___tsan_atomic64_fetch_sub(counter: *mut u64, number: u64, order: i32) -> u64;
    fn __real___tsan_atomic_thread_fence(order: i32);
}

unsafe extern "Rust" {
    fn real_lock(mutex: *mut u32);
    fn real_read(lock: *mut u32);
    fn real_write(lock: *mut u32);
    fn real_wait(condvar: *mut u32, mutex: *mut u32);
    fn real_wait_timeout(condvar: *mut u32, mutex: *mut u32, timeout: Duration) -> bool;
    fn real_call(once: *mut u32, poisoned: bool, f: &mut dyn FnMut(*const ()), caller: *const ());
    fn real_leave_scope(scope: *mut usize, panicked: bool);
}

/// From here on this thread has seen what others released to the address.
fn acquire<T>(address: *mut T) {
    __tsan_acquire(address.cast());
}

/// Whoever acquires from the address has seen what this thread did until here.
fn release<T>(address: *mut T) {
    __tsan_release(address.cast());
}

/// `std::sys::sync::Mutex::lock_contended`: waits for a lock that is held.
#[unsafe(no_mangle)]
unsafe fn wrap_lock(mutex: *mut u32) {
    // SAFETY: as the caller has it.
    unsafe { real_lock(mutex) };
    acquire(mutex);
}

/// `std::sys::sync::RwLock::read_contended`. The lock is two words, in no certain order.
#[unsafe(no_mangle)]
unsafe fn wrap_read(lock: *mut u32) {
    // SAFETY: as the caller has it.
    unsafe { real_read(lock) };
    acquire(lock);
    acquire(lock.wrapping_add(1));
}

/// `std::sys::sync::RwLock::write_contended`.
#[unsafe(no_mangle)]
unsafe fn wrap_write(lock: *mut u32) {
    // SAFETY: as the caller has it.
    unsafe { real_write(lock) };
    acquire(lock);
    acquire(lock.wrapping_add(1));
}

/// `std::sys::sync::Condvar::wait`: unlocks, sleeps, and locks.
#[unsafe(no_mangle)]
unsafe fn wrap_wait(condvar: *mut u32, mutex: *mut u32) {
    release(mutex);
    // SAFETY: as the caller has it.
    unsafe { real_wait(condvar, mutex) };
    acquire(mutex);
}

/// `std::sys::sync::Condvar::wait_timeout`.
#[unsafe(no_mangle)]
unsafe fn wrap_wait_timeout(condvar: *mut u32, mutex: *mut u32, timeout: Duration) -> bool {
    release(mutex);
    // SAFETY: as the caller has it.
    let in_time = unsafe { real_wait_timeout(condvar, mutex, timeout) };
    acquire(mutex);
    in_time
}

/// `std::sys::sync::Once::call`: calls the closure, or waits for the thread that does.
#[unsafe(no_mangle)]
unsafe fn wrap_call(once: *mut u32, poisoned: bool, f: &mut dyn FnMut(*const ()), caller: *const ()) {
    let mut told = |state: *const ()| {
        f(state);
        release(once); // before anybody can see that it is done
    };
    // SAFETY: as the caller has it.
    unsafe { real_call(once, poisoned, &mut told, caller) };
    acquire(once);
}

/// `std::thread::scoped::ScopeData::decrement_num_running_threads`: the last act of a thread in a scope, whose end looks at the counter. It
/// is one of the first two words.
#[unsafe(no_mangle)]
unsafe fn wrap_leave_scope(scope: *mut usize, panicked: bool) {
    release(scope);
    release(scope.wrapping_add(1));
    // SAFETY: as the caller has it.
    unsafe { real_leave_scope(scope, panicked) };
}

#[thread_local]
static LOWERED_LAST: Cell<*mut u64> = Cell::new(ptr::null_mut());

/// The sanitizer's number for `Ordering::Acquire`.
const ACQUIRE: i32 = 2;

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___tsan_atomic64_fetch_sub(counter: *mut u64, number: u64, order: i32) -> u64 {
    LOWERED_LAST.set(counter);
    // SAFETY: as the caller has it.
    unsafe { __real___tsan_atomic64_fetch_sub(counter, number, order) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___tsan_atomic_thread_fence(order: i32) {
    // SAFETY: as the caller has it.
    unsafe { __real___tsan_atomic_thread_fence(order) };
    let counter = LOWERED_LAST.get();
    if order == ACQUIRE && !counter.is_null() {
        acquire(counter);
    }
}
