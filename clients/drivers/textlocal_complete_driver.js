// Every method of textlocal-complete 0.4.3 from npm, for the Indian Textlocal.

"use strict";

const textlocal = require("textlocal-complete");

const { check, inputs } = require("./driver.js");

const { apikey } = inputs.credentials;
const [ann, bob] = inputs.numbers;
const text = "50% off & more, Zoe: 1+1";
const sender = "TXTLCL";

async function main() {
  const one = () => textlocal.sendSms(apikey, ann, sender, text);
  await check("sendSms", async () => (await one()).data, ({ message }) => message.content === text);
  const many = () => textlocal.sendSmsToMultipleNumbers(apikey, [ann, bob], sender, text);
  await check("sendSmsToMultipleNumbers", async () => (await many()).data, (sent) => sent.num_messages === 2);
  const recipients = [ann, bob].map((phoneNumber) => ({ phoneNumber, message: text }));
  const bulk = (test) => textlocal.sendBulk(apikey, recipients, sender, test);
  await check("sendBulk", async () => (await bulk(false)).data, (sent) => sent.messages.length === 2 && !sent.test);
  await check("sendBulk (test by default)", async () => (await bulk()).data, (sent) => sent.test);
  await check("getBalance", async () => (await textlocal.getBalance(apikey)).data, ({ balance }) => balance.sms > 0);
  await check("getTemplates", async () => (await textlocal.getTemplates(apikey)).data, (found) => found.templates.length === 1);
}

main();
