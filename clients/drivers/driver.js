// What the drivers for Node.js share: the inputs, and the report of each call. driver.py describes both.

"use strict";

const inputs = JSON.parse(process.env.SENDPROOF_CLIENT);

async function check(method, call, isExpected) {
  let works = false;
  let detail = "";
  try {
    const result = await call();
    works = Boolean(isExpected(result));
    detail = JSON.stringify(result);
  } catch (error) {
    detail = String(error);
  }
  console.log(JSON.stringify({ method, works, detail: String(detail).slice(0, 100) }));
}

module.exports = { check, inputs };
