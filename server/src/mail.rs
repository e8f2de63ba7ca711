//! Letters leave here: by a mail server, or, where there is none, by being printed for who has the
//! machine to read.

use std::time::Duration;

use domain::{
    Ctx,
    mail::{self, Letter},
};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use tokio_util::sync::CancellationToken;

use crate::house::Outcome;

/// How often it is looked for letters.
const EVERY: Duration = Duration::from_secs(1);
/// How long the mail server may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How letters leave: by a mail server, or, without one, printed.
pub struct Mailer(Option<Smtp>);

struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// # Errors
    /// Where the address of the mail server, or the sender's, is none.
    pub fn new(smtp_url: Option<&str>, from: &str) -> Outcome<Self> {
        let Some(url) = smtp_url else { return Ok(Self(None)) };
        let from = from.parse().map_err(|error| format!("KITH_MAIL_FROM: {error}"))?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|error| format!("KITH_SMTP_URL: {error}"))?
            .timeout(Some(PATIENCE))
            .build();
        Ok(Self(Some(Smtp { transport, from })))
    }

    async fn send(&self, letter: &Letter) -> Outcome {
        let Some(Smtp { transport, from }) = &self.0 else {
            print(letter);
            return Ok(());
        };
        let domain = from.email.domain();
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, letter.to.parse()?))
            .subject(&letter.subject)
            // The same at every try: who gets it twice can tell.
            .message_id(Some(format!("<{}@{domain}>", letter.id)))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body.clone())?;
        transport.send(message).await?;
        Ok(())
    }
}

#[expect(clippy::print_stdout, reason = "this is the mail where there is no mail server")]
fn print(letter: &Letter) {
    println!("To: {}\nSubject: {}\n\n{}", letter.to, letter.subject, letter.body);
}

/// Sends what is in the outbox, for as long as the server runs.
pub async fn deliver(ctx: Ctx, mailer: Mailer, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        while let Some(letter) = claimed(&ctx).await {
            let outcome = mailer.send(&letter).await;
            let noted = match outcome {
                Ok(()) => mail::sent(&ctx, &letter).await,
                Err(error) => {
                    let for_good = is_for_good(error.as_ref());
                    mail::failed(&ctx, &letter, for_good).await.map(|again| {
                        let letter = letter.id;
                        if again {
                            tracing::warn!(%letter, %error, "a letter did not leave: tried again later");
                        } else {
                            tracing::error!(%letter, %error, "a letter did not leave, and will not");
                        }
                    })
                }
            };
            if let Err(error) = noted {
                tracing::error!(%error, letter = %letter.id, "what became of a letter is not noted");
            }
        }
    }
}

/// Whether trying again is of no use: the mail server says so, or the address is none.
fn is_for_good(error: &(dyn std::error::Error + 'static)) -> bool {
    let answer = error.downcast_ref::<lettre::transport::smtp::Error>();
    answer.map_or(error.is::<lettre::address::AddressError>(), |answer| answer.is_permanent())
}

async fn claimed(ctx: &Ctx) -> Option<Letter> {
    mail::claim(ctx).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the outbox cannot be read");
        None
    })
}
