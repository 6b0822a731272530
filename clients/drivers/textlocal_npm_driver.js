// Every method of textlocal 0.1.1 from npm.

"use strict";

const textlocal = require("textlocal");

const { check, inputs } = require("./driver.js");

const { apikey, username, password, hash } = inputs.credentials;
const [ann, bob] = inputs.numbers;
const text = "50% off & more, Zoë: 1+1";

function send(client, numbers, message, sender) {
  return new Promise((resolve, reject) => {
    client.sendSMS(numbers, message, sender, (error, data) => (error ? reject(error) : resolve(data)));
  });
}

async function main() {
  const client = textlocal({ apikey, test: 0 });
  await check("sendSMS", () => send(client, ann, text, "Jims Autos"), ({ message }) => message.content === text);
  await check("sendSMS (two numbers)", () => send(client, `${ann},${bob}`, "Hi", "Shop"), (sent) => sent.num_messages === 2);
  await check("sendSMS (test by default)", () => send(textlocal({ apikey }), ann, "Hi", "Shop"), (sent) => sent.test_mode);
  for (const login of [{ username, password }, { username, hash }]) {
    const name = `sendSMS (${Object.keys(login)})`;
    await check(name, () => send(textlocal(login), ann, "Hi", "Shop"), ({ status }) => status === "success");
  }
  await check("sendSMS (error)", () => send(client, "", "Hi", "Shop").catch(String), (error) => error.includes("code 4"));
  await check("smsBalance", () => client.smsBalance, (balance) => balance > 0);
  await check("validConfig", () => textlocal({ username }).validConfig === false, Boolean);
}

main();
