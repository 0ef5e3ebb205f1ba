// Reads a JSON array of { token, url, params, signature } and prints, for each, the signature that the npm package twilio makes and
// whether it takes the one that is given. `params: null` and `body` stand for a body that is no form.
const twilio = require("twilio");
const requests = JSON.parse(require("fs").readFileSync(0, "utf8"));
const judged = requests.map(({ token, url, params, body, signature }) => {
  const valid =
    params === null
      ? twilio.validateRequestWithBody(token, signature, url, body)
      : twilio.validateRequest(token, signature, url, params);
  return [twilio.getExpectedTwilioSignature(token, url, params), valid];
});
process.stdout.write(JSON.stringify(judged));
