// A small shop in one container: prices of orders, some of which nobody knows. There is nothing of tracing in it.

const express = require('express');

const app = express();
const prices = { tea: 4, coffee: 7 };

app.get('/prices/:name', (request, response) => {
  const price = prices[request.params.name];
  if (price === undefined) return response.status(404).json({ error: `nobody sells ${request.params.name}` });
  return response.json({ name: request.params.name, price });
});

// Asks itself for the price, as it would ask another service.
app.get('/orders/:name', async (request, response) => {
  const { name } = request.params;
  const answer = await fetch(`http://${request.headers.host}/prices/${name}`);
  if (!answer.ok) return response.status(502).json({ error: `no price for ${name}` });
  return response.json({ name, total: 2 * (await answer.json()).price });
});

const server = app.listen(process.env.PORT ?? 8081, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
