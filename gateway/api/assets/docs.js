SwaggerUIBundle({ url: "/openapi.json", dom_id: "#documents", deepLinking: true, validatorUrl: null, tryItOutEnabled: false });
