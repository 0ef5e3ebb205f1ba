// Bandwidth's own description of its API, which the npm package bandwidth-sdk brings: checks by its
// schemas, its examples of events, and the whole of it.
const fs = require("fs");
const path = require("path");
const Ajv = require("ajv");
const yaml = require("js-yaml");
const file = path.join(path.dirname(require.resolve("bandwidth-sdk/package.json")), "bandwidth.yml");
const description = yaml.safeLoad(fs.readFileSync(file, "utf8"), { schema: yaml.JSON_SCHEMA });
const ajv = new Ajv({ strict: false, validateFormats: true, allErrors: true });
require("ajv-formats")(ajv);
ajv.addSchema({ $id: "bandwidth", components: description.components });

// What is wrong with `value` by the schema `name`; null = nothing.
const wrong = (name, value) => {
  const check = ajv.getSchema(`bandwidth#/components/schemas/${name}`);
  return check(value) ? null : ajv.errorsText(check.errors);
};
const examples = Object.entries(description.components.examples)
  .filter(([name]) => /message(Received|Sending|Sent|Delivered|Failed)Callback/i.test(name))
  .map(([name, example]) => ({ name, value: example.value }));
module.exports = { wrong, examples };

// The description with the server's path before each path, where Prism looks for it.
const whole = () => {
  const paths = Object.entries(description.paths).filter(([name]) => /messages$/.test(name));
  const moved = paths.map(([name, { servers, ...path }]) => [new URL(servers[0].url).pathname + name, path]);
  return { ...description, servers: [], paths: Object.fromEntries(moved) };
};

// By itself it answers once, what it is asked for.
if (require.main === module) {
  const asked = JSON.parse(fs.readFileSync(0, "utf8"));
  process.stdout.write(JSON.stringify(asked === "paths" ? whole() : examples));
}
