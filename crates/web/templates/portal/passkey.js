// Asks the browser for a passkey and sends what it answers with the form. Nothing else on these pages needs a script.
"use strict";
(() => {
  const form = document.querySelector("form[data-passkey]");
  if (!form || !window.PublicKeyCredential) return;
  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) => {
    if (!buffer) return null;
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const ready = (options) => {
    const asked = options.publicKey || options;
    asked.challenge = bytes(asked.challenge);
    if (asked.user) asked.user.id = bytes(asked.user.id);
    for (const list of ["allowCredentials", "excludeCredentials"]) {
      for (const known of asked[list] || []) known.id = bytes(known.id);
    }
    return asked;
  };
  const shown = (credential) => {
    const answer = credential.response;
    const parts = { clientDataJSON: text(answer.clientDataJSON) };
    if (answer.attestationObject) {
      parts.attestationObject = text(answer.attestationObject);
      parts.transports = answer.getTransports ? answer.getTransports() : [];
    } else {
      parts.authenticatorData = text(answer.authenticatorData);
      parts.signature = text(answer.signature);
      parts.userHandle = text(answer.userHandle);
    }
    return {
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response: parts,
      extensions: credential.getClientExtensionResults(), clientExtensionResults: credential.getClientExtensionResults(),
      authenticatorAttachment: credential.authenticatorAttachment,
    };
  };
  const button = form.querySelector("button[type=submit]");
  const without = form.querySelector("[data-without-passkeys]");
  const refused = form.querySelector("[data-passkey-refused]");
  without.hidden = true;
  button.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    refused.hidden = true;
    try {
      const asked = ready(JSON.parse(form.dataset.passkey));
      const making = Boolean(asked.user);
      const credential = making
        ? await navigator.credentials.create({ publicKey: asked })
        : await navigator.credentials.get({ publicKey: asked });
      form.elements.credential.value = JSON.stringify(shown(credential));
      form.submit();
    } catch (problem) {
      refused.hidden = false;
    }
  });
})();
