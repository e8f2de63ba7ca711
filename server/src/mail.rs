//! Letters. Without a mail server they are printed, for who has the machine to read.

use domain::accounts::Letter;

/// Where the links in letters lead: from the configuration, never from a request.
#[derive(Clone, Debug)]
pub struct Mailer {
    pub address: String,
}

impl Mailer {
    /// Prints a letter with a link to set a new password.
    #[expect(clippy::print_stdout, reason = "this is the mail where there is no mail server")]
    pub fn send(&self, letter: &Letter) {
        let Letter { to, user, token } = letter;
        println!(
            "To: {to}\nSubject: A new password for Kith\n\nHello {},\n\nset a new password here, \
             within half an hour:\n{}/reset/{}\n\nIf you did not ask for this, you need do nothing.\n",
            user.display_name,
            self.address,
            token.as_str()
        );
    }
}
