"""The web app: the page that `clients/gateway/web` is built to, served as it lies here."""
