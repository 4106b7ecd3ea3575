//! How many worker threads a server has.

/// For clap: a number of workers.
pub fn worker_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("a server needs at least one worker; leave the option out for one a core".to_owned()),
        Ok(count) => Ok(count),
        Err(error) => Err(error.to_string()),
    }
}
