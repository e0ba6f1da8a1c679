const api = document.getElementById("api");
SwaggerUIBundle({ domNode: api, url: api.dataset.openapi, deepLinking: true });
