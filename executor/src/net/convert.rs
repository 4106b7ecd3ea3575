//! From and into the types of `std`, and descriptors.

/// The conversions of one socket type: they are the same for all, and each is an `impl` of its own.
macro_rules! conversions {
    ($socket:ident, $mio:ty, $std:ty) => {
        impl $socket {
            /// Takes the socket out of the reactor. It stays non-blocking.
            ///
            /// # Errors
            ///
            /// Those of the operating system's poller; the socket is closed then.
            pub fn into_std(self) -> std::io::Result<$std> {
                self.io.into_inner().map(<$std>::from)
            }
        }

        /// Makes the socket non-blocking and registers it with the current runtime, or with the default one.
        impl TryFrom<$std> for $socket {
            type Error = std::io::Error;

            fn try_from(socket: $std) -> std::io::Result<$socket> {
                socket.set_nonblocking(true)?;
                $socket::from_mio(<$mio>::from_std(socket))
            }
        }

        /// Takes the socket out of the reactor. It stays non-blocking.
        impl TryFrom<$socket> for $std {
            type Error = std::io::Error;

            fn try_from(socket: $socket) -> std::io::Result<$std> {
                socket.into_std()
            }
        }

        impl $socket {
            pub(in crate::net) fn from_mio(socket: $mio) -> std::io::Result<$socket> {
                let io = crate::io::Async::new(socket)?;
                Ok($socket { io })
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsFd for $socket {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.io.get_ref().as_fd()
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsRawFd for $socket {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.io.get_ref().as_raw_fd()
            }
        }

        /// Takes a descriptor, which has to be one of such a socket, as `TryFrom` of the type of `std` does.
        #[cfg(unix)]
        impl TryFrom<std::os::fd::OwnedFd> for $socket {
            type Error = std::io::Error;

            fn try_from(descriptor: std::os::fd::OwnedFd) -> std::io::Result<$socket> {
                <$std>::from(descriptor).try_into()
            }
        }

        /// Takes the socket out of the reactor. It stays non-blocking.
        #[cfg(unix)]
        impl TryFrom<$socket> for std::os::fd::OwnedFd {
            type Error = std::io::Error;

            fn try_from(socket: $socket) -> std::io::Result<std::os::fd::OwnedFd> {
                socket.into_std().map(std::os::fd::OwnedFd::from)
            }
        }
    };
}

pub(super) use conversions;
