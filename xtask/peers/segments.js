// Reads a JSON array of texts and prints, for each, what sms-segments-calculator makes of it: alphabet, units, segments.
const { SegmentedMessage } = require("sms-segments-calculator");
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const units = (message) => message.encodedChars.reduce((sum, char) => sum + char.codeUnits.length, 0);
const counted = texts.map((text) => {
  const message = new SegmentedMessage(text);
  return [message.encodingName, units(message), message.segmentsCount];
});
process.stdout.write(JSON.stringify(counted));
