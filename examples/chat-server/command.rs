//! What a line asks for.

/// A line, understood.
#[derive(Debug)]
pub enum Command<'a> {
    Say(&'a str),
    Nick(&'a str),
    Join(&'a str),
    Leave,
    Rooms,
    Who,
    Msg {
        nick: &'a str,
        text: &'a str,
    },
    Help,
    Quit,
    /// An empty line.
    Nothing,
    /// It can't be done, for this reason.
    Mistake(String),
}

pub const HELP: &str = "\
* what you type is said in your room; // at the beginning of a line says a /
* /nick NAME       take another name
* /join ROOM       go to a room, and leave the one you are in
* /leave           leave the room
* /rooms           list the rooms
* /who             list who is in your room
* /msg NAME TEXT   say something to one person, wherever they are
* /help            this
* /quit            good-bye
";

const LONGEST_NAME: usize = 20;

impl<'a> Command<'a> {
    pub fn parse(line: &'a str) -> Self {
        let line = line.trim();
        if line.is_empty() {
            return Command::Nothing;
        }
        let Some(command) = line.strip_prefix('/') else {
            return Command::Say(line);
        };
        if command.starts_with('/') {
            return Command::Say(command);
        }
        let (word, rest) = first_word(command);
        match word {
            "nick" => name(rest, "/nick NAME").map_or_else(Command::Mistake, Command::Nick),
            "join" => name(rest, "/join ROOM").map_or_else(Command::Mistake, Command::Join),
            "leave" => Command::Leave,
            "rooms" => Command::Rooms,
            "who" => Command::Who,
            "msg" => match first_word(rest) {
                (_, "") => Command::Mistake("it takes a name and a text: /msg NAME TEXT".to_owned()),
                (nick, text) => Command::Msg { nick, text },
            },
            "help" => Command::Help,
            "quit" => Command::Quit,
            _ => Command::Mistake(format!("there is no /{word}; /help lists what there is")),
        }
    }
}

fn first_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// Names are one word, so that they can stand in a command and nobody can pass off a text as somebody else's.
fn name<'a>(text: &'a str, usage: &str) -> Result<&'a str, String> {
    let allowed = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_');
    if text.is_empty() {
        Err(format!("it takes a name: {usage}"))
    } else if text.chars().all(allowed) && text.chars().count() <= LONGEST_NAME {
        Ok(text)
    } else {
        Err(format!(
            "a name has at most {LONGEST_NAME} letters, digits, - and _"
        ))
    }
}
