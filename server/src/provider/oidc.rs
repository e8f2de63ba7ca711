//! OpenID Connect: the code flow with PKCE, state and nonce. What the provider says of itself is read
//! when it is needed, and kept for an hour.

use std::time::Duration;

use domain::accounts::identities::Identity;
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
    core::{
        CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims,
        CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
    },
    reqwest,
};
use protocol::Timestamp;
use tokio::{sync::Mutex, time::Instant};

use super::{Refused, Secrets, Sent};

/// How long the provider may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon it is asked again.
const RESTS: Duration = Duration::from_secs(2);
/// How long what it says of itself is believed.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// Longer than anybody stays signed in to a provider.
const LONG_AGO: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What signs people in.
pub struct Provider {
    /// Its address, by which identities are known.
    pub issuer: String,
    /// What people call it.
    pub name: String,
    url: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    http: reqwest::Client,
    known: Mutex<Known>,
}

/// What is known of what the provider says of itself.
#[derive(Default)]
struct Known {
    metadata: Option<(Instant, CoreProviderMetadata)>,
    /// When it did not answer, and why.
    failed: Option<(Instant, String)>,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Provider {
    /// A provider at this address, which knows this house as `client_id`.
    ///
    /// # Errors
    /// A sentence where the address is none.
    pub fn new(
        issuer: &str,
        client_id: &str,
        client_secret: Option<&str>,
        name: &str,
    ) -> Result<Self, String> {
        let wrong = |why: String| format!("KITH_OIDC_ISSUER: {issuer}: {why}");
        let url = IssuerUrl::new(issuer.to_owned()).map_err(|error| wrong(error.to_string()))?;
        // Nobody leads this house anywhere else by an answer.
        let http = reqwest::ClientBuilder::new()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build();
        Ok(Self {
            issuer: issuer.to_owned(),
            name: name.to_owned(),
            url,
            client_id: ClientId::new(client_id.to_owned()),
            client_secret: client_secret.map(|secret| ClientSecret::new(secret.to_owned())),
            http: http.map_err(|error| wrong(error.to_string()))?,
            known: Mutex::default(),
        })
    }

    /// What the provider says of itself; read anew where it is not to be `kept`.
    async fn metadata(&self, kept: bool) -> Result<CoreProviderMetadata, Refused> {
        // One asks, and the others wait for its answer, whatever that is.
        let mut known = self.known.lock().await;
        if let Some((at, metadata)) = &known.metadata
            && at.elapsed() < if kept { KEPT } else { RESTS }
        {
            return Ok(metadata.clone());
        }
        // What it said before may do.
        let before = known.metadata.as_ref().map(|(_, metadata)| metadata.clone());
        if let Some((at, why)) = &known.failed
            && at.elapsed() < RESTS
        {
            return before.ok_or_else(|| Refused::Unavailable(why.clone()));
        }
        match CoreProviderMetadata::discover_async(self.url.clone(), &self.http).await {
            Ok(read) => {
                *known = Known { metadata: Some((Instant::now(), read.clone())), failed: None };
                Ok(read)
            }
            Err(error) => {
                known.failed = Some((Instant::now(), said(&error)));
                before.ok_or_else(|| Refused::Unavailable(said(&error)))
            }
        }
    }

    async fn client(&self, callback: &str, kept: bool) -> Result<Client, Refused> {
        let metadata = self.metadata(kept).await?;
        let (id, secret) = (self.client_id.clone(), self.client_secret.clone());
        let client = CoreClient::from_provider_metadata(metadata, id, secret);
        let callback = RedirectUrl::new(callback.to_owned());
        let callback = callback.map_err(|error| Refused::Unavailable(error.to_string()))?;
        Ok(client.set_redirect_uri(callback))
    }

    /// Where somebody is to go who wants to sign in, and what they have to show when they come back to
    /// `callback`; whoever they are there already, they show it `again` if they have to.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn send(&self, callback: &str, again: bool) -> Result<Sent, Refused> {
        let client = self.client(callback, true).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("profile".into()))
            .add_scope(Scope::new("email".into()))
            // Who asks for it, however long that is, is told when they were there last.
            .set_max_age(LONG_AGO)
            .set_pkce_challenge(challenge);
        let request = if again { request.add_prompt(CoreAuthPrompt::Login) } else { request };
        let (url, state, nonce) = request.url();
        let secrets = Secrets {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        };
        Ok(Sent { url: url.into(), secrets })
    }

    /// Who came back with this code.
    ///
    /// # Errors
    /// `Unavailable`; `Unbelievable` where signature, issuer, audience, nonce or time do not fit.
    pub async fn identify(
        &self,
        callback: &str,
        code: String,
        secrets: Secrets,
    ) -> Result<Identity, Refused> {
        let client = self.client(callback, true).await?;
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| Refused::Unavailable(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier));
        let token = request.request_async(&self.http).await;
        let token = token.map_err(|error| Refused::Unbelievable(said(&error)))?;
        let nonce = Nonce::new(secrets.nonce);
        let claims = match checked(&client, &token, &nonce) {
            Ok(claims) => claims,
            // It may sign with a key that it has since an hour.
            Err(_) => checked(&self.client(callback, false).await?, &token, &nonce)
                .map_err(Refused::Unbelievable)?,
        };
        let more = self.more(&client, &token, &claims).await;
        let info = more.as_ref();
        let text = |text: Option<&str>| text.map(str::to_owned).filter(|text| !text.is_empty());
        let username = claims.preferred_username();
        let username = username.or_else(|| info.and_then(|info| info.preferred_username()));
        let name = claims.name().or_else(|| info.and_then(|info| info.name()));
        let name = name.and_then(|name| name.get(None));
        let of_token = claims.email().filter(|_| claims.email_verified() == Some(true));
        let of_info = info.filter(|info| info.email_verified() == Some(true));
        let email = of_token.or_else(|| of_info.and_then(|info| info.email()));
        Ok(Identity {
            issuer: self.issuer.clone(),
            subject: claims.subject().as_str().to_owned(),
            username: text(username.map(|name| name.as_str())),
            display_name: text(name.map(|name| name.as_str())),
            email: text(email.map(|email| email.as_str())),
            authenticated_at: claims.auth_time().map(|at| Timestamp(at.timestamp_millis())),
        })
    }

    /// What the provider says of who came only where it is asked; nothing where it does not.
    async fn more(
        &self,
        client: &Client,
        token: &CoreTokenResponse,
        claims: &CoreIdTokenClaims,
    ) -> Option<CoreUserInfoClaims> {
        let subject = claims.subject().clone();
        let request = client.user_info(token.access_token().clone(), Some(subject)).ok()?;
        match request.request_async(&self.http).await {
            Ok(more) => Some(more),
            Err(error) => {
                tracing::warn!(error = said(&error), "the identity provider tells nothing more");
                None
            }
        }
    }
}

/// What the provider vouches for; why it is not to be believed.
fn checked(
    client: &Client,
    token: &CoreTokenResponse,
    nonce: &Nonce,
) -> Result<CoreIdTokenClaims, String> {
    let id_token = token.id_token().ok_or("no id token")?;
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, nonce).map_err(|error| said(&error))?;
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = id_token.signing_alg().map_err(|error| said(&error))?;
        let key = id_token.signing_key(&verifier).map_err(|error| said(&error))?;
        let actual = AccessTokenHash::from_token(token.access_token(), algorithm, key);
        if actual.map_err(|error| said(&error))? != *expected {
            return Err("the access token is another's".into());
        }
    }
    Ok(claims.clone())
}

/// An error with its causes.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
