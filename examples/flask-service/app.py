"""A small shop in one container: prices of orders, some of which nobody knows. There is nothing of tracing in it."""

import requests
from flask import Flask, abort, request

app = Flask(__name__)
PRICES = {"tea": 4, "coffee": 7}


@app.get("/prices/<name>")
def price(name):
    if name not in PRICES:
        abort(404, f"nobody sells {name}")
    return {"name": name, "price": PRICES[name]}


@app.get("/orders/<name>")
def order(name):
    """Asks itself for the price, as it would ask another service."""
    answer = requests.get(f"{request.host_url}prices/{name}", timeout=5)
    if answer.status_code != 200:
        abort(502, f"no price for {name}")
    return {"name": name, "total": 2 * answer.json()["price"]}
